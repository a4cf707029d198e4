/** JetStream's own subjects (server API, not ours) that users of CORE are granted, by stream. */
export const jetstream = {
  /** Publish: read one stream by load, read and follow. Consumers of any filter: a service that may read a stream may read all of it. */
  read: (stream: string): readonly string[] => [
    `$JS.API.STREAM.INFO.${stream}`,
    `$JS.API.STREAM.MSG.GET.${stream}`,
    `$JS.API.DIRECT.GET.${stream}`,
    `$JS.API.DIRECT.GET.${stream}.>`,
    `$JS.API.CONSUMER.CREATE.${stream}`,
    `$JS.API.CONSUMER.CREATE.${stream}.>`,
    `$JS.API.CONSUMER.INFO.${stream}.*`,
    `$JS.API.CONSUMER.DELETE.${stream}.*`,
    `$JS.API.CONSUMER.MSG.NEXT.${stream}.*`,
    `$JS.ACK.${stream}.>`,
    `$JS.FC.${stream}.>`,
  ],
  /** Publish: what a client asks before it uses JetStream at all. */
  account: '$JS.API.INFO',
  /** Publish: create and change streams and consumers. Not delete, not purge. */
  manage: [
    '$JS.API.INFO',
    '$JS.API.STREAM.CREATE.*',
    '$JS.API.STREAM.UPDATE.*',
    '$JS.API.STREAM.INFO.*',
    '$JS.API.STREAM.NAMES',
    '$JS.API.STREAM.LIST',
    '$JS.API.CONSUMER.CREATE.>',
    '$JS.API.CONSUMER.DURABLE.CREATE.>',
    '$JS.API.CONSUMER.INFO.>',
  ],
} as const;

/** The server's own subjects of the system account and of auth callouts. */
export const system = {
  updateClaims: '$SYS.REQ.CLAIMS.UPDATE',
  lookUpClaims: '$SYS.REQ.ACCOUNT.*.CLAIMS.LOOKUP',
  leafs: '$SYS.REQ.SERVER.PING.LEAFZ',
  leafsOfOne: '$SYS.REQ.SERVER.*.LEAFZ',
  kick: '$SYS.REQ.SERVER.*.KICK',
  authCallout: '$SYS.REQ.USER.AUTH',
} as const;

/** Asks the hub for the claims of one account. */
export const accountLookup = (publicKey: string) => `$SYS.REQ.ACCOUNT.${publicKey}.CLAIMS.LOOKUP`;

/** Asks one hub for its leafs. */
export const leafsSubject = (serverId: string) => `$SYS.REQ.SERVER.${serverId}.LEAFZ`;

/** Asks one hub to cut one connection. */
export const kickSubject = (serverId: string) => `$SYS.REQ.SERVER.${serverId}.KICK`;

/** What SIEM imports from CORE: one durable consumer's pull, state and acknowledgments. */
export const siem = {
  stream: 'AUDIT',
  consumer: 'siem',
  next: '$JS.API.CONSUMER.MSG.NEXT.AUDIT.siem',
  info: '$JS.API.CONSUMER.INFO.AUDIT.siem',
  acknowledge: '$JS.ACK.AUDIT.siem.>',
  /** The imports' local names: the account's own $JS.API would collide. Client option `apiPrefix: 'core.JS.API'`. */
  localNext: 'core.JS.API.CONSUMER.MSG.NEXT.AUDIT.siem',
  localInfo: 'core.JS.API.CONSUMER.INFO.AUDIT.siem',
} as const;

/** Facts of one context of one tenant. */
export const factsOfContext = (tenant: string, context: string) => `evt.${tenant}.${context}.*.*`;

/** Tunnel and presence inside a tenant's account (broker/SUBJECTS.md). */
export const tunnel = {
  allGroups: 'tun.g.*.req',
  allConnectors: 'tun.c.*.*.*',
  allIngresses: 'tun.i.*.>',
  allPresence: 'prs.c.*',
  group: (group: string) => `tun.g.${group}.req`,
  toConnector: (connector: string) => `tun.c.${connector}.>`,
  fromConnector: (connector: string) => `tun.i.*.${connector}.*`,
  presence: (connector: string) => `prs.c.${connector}`,
} as const;
