import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type AccountRole, permissionsOf, type ServiceName } from '#broker';
import { type RunningBroker, startBroker } from '../support/broker.ts';
import { probePermissions } from '../support/permission-probe.ts';

type Case = {
  readonly service: ServiceName;
  readonly account: AccountRole;
  readonly publish: readonly string[];
  readonly notPublish: readonly string[];
  readonly subscribe: readonly string[];
  readonly notSubscribe: readonly string[];
};

const READ_EVENTS = [
  '$JS.API.INFO',
  '$JS.API.STREAM.INFO.EVENTS',
  '$JS.API.CONSUMER.CREATE.EVENTS',
  '$JS.API.DIRECT.GET.EVENTS',
];
const CHANGE_EVENTS = [
  '$JS.API.STREAM.DELETE.EVENTS',
  '$JS.API.STREAM.PURGE.EVENTS',
  '$JS.API.STREAM.UPDATE.EVENTS',
  '$JS.API.STREAM.CREATE.OTHER',
];
const OTHERS_STREAMS = [
  '$JS.API.STREAM.INFO.AUDIT',
  '$JS.API.CONSUMER.CREATE.AUDIT',
  '$JS.API.CONSUMER.MSG.NEXT.AUDIT.siem',
  '$JS.ACK.AUDIT.siem.1',
];

const core = (service: ServiceName, contexts: { readonly own: string; readonly other: string }): Case => ({
  service,
  account: 'core',
  publish: [...READ_EVENTS, `evt.default.${contexts.own}.thing.id`],
  notPublish: [
    ...CHANGE_EVENTS,
    ...OTHERS_STREAMS,
    `evt.default.${contexts.other}.thing.id`,
    `evt.other.${contexts.own}.thing.id`,
    'aud.default.access',
    'acc.default.ing',
  ],
  subscribe: [`_INBOX_${service}.x.y`],
  notSubscribe: ['_INBOX.x', '_INBOX_other.x', 'evt.>', '>'],
});

const CASES: readonly Case[] = [
  core('auth', { own: 'auth', other: 'routing' }),
  core('routing', { own: 'routing', other: 'auth' }),
  core('throttling', { own: 'throttling', other: 'routing' }),
  core('certificate-authority', { own: 'certificate-authority', other: 'auth' }),
  {
    service: 'audit',
    account: 'core',
    publish: [
      ...READ_EVENTS,
      '$JS.API.STREAM.INFO.AUDIT',
      '$JS.API.DIRECT.GET.ACCESS',
      'acc.default.ing',
      'aud.default.access',
    ],
    notPublish: [
      ...CHANGE_EVENTS,
      'evt.default.routing.app.x',
      'acc.other.ing',
      '$JS.ACK.AUDIT.siem.1',
      '$JS.API.STREAM.PURGE.AUDIT',
    ],
    subscribe: ['_INBOX_audit.x'],
    notSubscribe: ['_INBOX_siem.x', 'aud.>'],
  },
  {
    service: 'provisioner',
    account: 'core',
    publish: ['$JS.API.STREAM.CREATE.NEW', '$JS.API.STREAM.INFO.EVENTS'],
    notPublish: [
      '$JS.API.STREAM.DELETE.EVENTS',
      '$JS.API.STREAM.PURGE.AUDIT',
      '$JS.API.DIRECT.GET.EVENTS',
      'evt.default.routing.app.x',
    ],
    subscribe: ['_INBOX_provisioner.x'],
    notSubscribe: ['evt.>'],
  },
  {
    service: 'ingress',
    account: 'backbone',
    publish: ['qry.default.auth.authorize', 'cmd.default.audit.record-access', 'cfg.default.ingress.demand'],
    notPublish: [
      'cmd.default.routing.app',
      'cmd.default.auth.end-session',
      'qry.default.auth.verify-token',
      'cfg.default.auth.revocations',
      'qry.other.auth.authorize',
    ],
    subscribe: ['cfg.default.routing.apps', 'cfg.default.auth.revocations', '_INBOX_ingress.x'],
    notSubscribe: ['qry.default.auth.authorize', 'cfg.default.ingress.demand', '_INBOX_console.x', '>'],
  },
  {
    service: 'ingress',
    account: 'tenant',
    publish: ['tun.g.default.req', 'tun.c.con.ing.1'],
    notPublish: ['tun.i.ing.con.1', 'prs.c.con', '$SYS.REQ.USER.AUTH'],
    subscribe: ['tun.i.ing.>', 'prs.c.*'],
    notSubscribe: ['tun.g.default.req', 'tun.c.con.>', '$SYS.REQ.USER.AUTH', '>'],
  },
  {
    service: 'routing',
    account: 'tenant',
    publish: ['tun.c.con.routing.config'],
    notPublish: ['tun.g.default.req', 'tun.i.ing.con.1'],
    subscribe: ['prs.c.*'],
    notSubscribe: ['tun.i.>', 'tun.g.*.req', '$SYS.REQ.USER.AUTH'],
  },
  {
    service: 'certificate-authority',
    account: 'tenant',
    publish: [],
    notPublish: ['tun.c.con.ing.1', 'prs.c.con', 'anything'],
    subscribe: ['$SYS.REQ.USER.AUTH'],
    notSubscribe: ['tun.i.>', 'prs.c.*', '>'],
  },
  {
    service: 'certificate-authority',
    account: 'sys',
    publish: ['$SYS.REQ.ACCOUNT.X.CLAIMS.LOOKUP', '$SYS.REQ.SERVER.PING.LEAFZ'],
    notPublish: ['$SYS.REQ.CLAIMS.DELETE', '$SYS.REQ.SERVER.PING.CONNZ', '$SYS.REQ.SERVER.X.RELOAD'],
    subscribe: ['_INBOX_certificate-authority.x'],
    notSubscribe: ['$SYS.>', '>'],
  },
  {
    service: 'certificate-authority',
    account: 'backbone',
    publish: ['qry.default.auth.verify-token', 'cmd.default.routing.connector', 'qry.default.routing.connector-config'],
    notPublish: ['cmd.default.routing.app', 'cmd.default.auth.end-session'],
    subscribe: ['qry.default.certificate-authority.trust'],
    notSubscribe: ['qry.default.auth.verify-token', '>'],
  },
  {
    service: 'console',
    account: 'backbone',
    publish: ['cmd.default.routing.app', 'qry.default.auth.sessions', 'qry.default.audit.replay'],
    notPublish: ['cmd.default.auth.begin-sign-in', 'cmd.default.audit.record-access', 'cfg.default.routing.apps'],
    subscribe: ['_INBOX_console.x'],
    notSubscribe: ['cmd.default.routing.app', 'cfg.default.routing.apps'],
  },
  {
    service: 'auth',
    account: 'backbone',
    publish: ['qry.default.routing.apps', 'cfg.default.auth.revocations'],
    notPublish: ['cmd.default.routing.app', 'cfg.default.routing.apps', '_INBOX_console.forged'],
    subscribe: ['qry.default.auth.authorize', 'cmd.default.auth.sign-out'],
    notSubscribe: ['cmd.default.routing.app', '_INBOX_ingress.x'],
  },
  {
    service: 'routing',
    account: 'backbone',
    publish: ['cfg.default.routing.apps'],
    notPublish: ['cfg.default.auth.revocations', 'qry.default.auth.sessions', '_INBOX_ingress.forged'],
    subscribe: ['cmd.default.routing.app', 'qry.default.routing.connector-config'],
    notSubscribe: ['qry.default.auth.verify-token'],
  },
  {
    service: 'throttling',
    account: 'backbone',
    publish: ['cfg.default.throttling.shares'],
    notPublish: ['cfg.default.ingress.demand', 'cmd.default.routing.app'],
    subscribe: ['cfg.default.ingress.demand', 'cmd.default.throttling.limit'],
    notSubscribe: ['cmd.default.audit.record-access'],
  },
  {
    service: 'audit',
    account: 'backbone',
    publish: [],
    notPublish: ['cmd.default.routing.app', '_INBOX_console.forged'],
    subscribe: ['cmd.default.audit.record-access', 'qry.default.audit.replay'],
    notSubscribe: ['cmd.default.routing.app', 'qry.default.auth.verify-token'],
  },
  {
    service: 'provisioner',
    account: 'sys',
    publish: ['$SYS.REQ.SERVER.PING.LEAFZ'],
    notPublish: ['$SYS.REQ.SERVER.X.KICK', '$SYS.REQ.CLAIMS.DELETE'],
    subscribe: ['_INBOX_provisioner.x'],
    notSubscribe: ['$SYS.>'],
  },
  {
    service: 'siem',
    account: 'siem',
    publish: ['core.JS.API.CONSUMER.INFO.AUDIT.siem'],
    notPublish: [
      '$JS.API.INFO',
      'core.JS.API.STREAM.INFO.AUDIT',
      'aud.default.access',
      'core.JS.API.CONSUMER.MSG.NEXT.AUDIT.other',
    ],
    subscribe: ['_INBOX_siem.x'],
    notSubscribe: ['aud.>', '>'],
  },
];

describe('users of services', function permissionSpecs() {
  this.timeout(30_000);
  let broker: RunningBroker;
  before(async () => {
    broker = await startBroker();
  });
  after(() => broker?.stop());

  for (const one of CASES) {
    it(`${one.service} in ${one.account} may do what it must and no more`, async () => {
      const probe = probePermissions(await broker.connectAs(one.service, one.account));
      const found = {
        publish: await only(one.publish, probe.mayPublish),
        notPublish: await only(one.notPublish, probe.mayPublish),
        subscribe: await only(one.subscribe, probe.maySubscribe),
        notSubscribe: await only(one.notSubscribe, probe.maySubscribe),
      };
      expect(found).to.deep.equal({ publish: one.publish, notPublish: [], subscribe: one.subscribe, notSubscribe: [] });
    });
  }

  it('are all in this table', () => {
    const users = permissionsOf('default').flatMap(({ service, users: all }) =>
      all.map(({ account }) => `${service}@${account}`),
    );
    const covered = CASES.map(({ service, account }) => `${service}@${account}`);
    expect([...covered].sort()).to.deep.equal([...users].sort());
  });

  it('no process that faces the internet has a user where facts are stored', () => {
    const inCore = permissionsOf('default').filter(({ users }) => users.some(({ account }) => account === 'core'));
    const names = inCore.map(({ service }) => service);
    expect(names).to.include('routing');
    expect(names.filter((name) => name === 'ingress' || name === 'console')).to.deep.equal([]);
  });
});

/** The subjects the hub allowed, asked one after another. */
async function only(subjects: readonly string[], isAllowed: (subject: string) => Promise<boolean>): Promise<string[]> {
  const allowed: string[] = [];
  for (const subject of subjects) if (await isAllowed(subject)) allowed.push(subject);
  return allowed;
}
