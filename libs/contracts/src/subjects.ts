/**
 * Subjects of the backbone (account BACKBONE): commands, queries and pushed configuration between services.
 * Grammar and permissions: broker/SUBJECTS.md. Subjects of facts come from libs/events, those of the tunnel from
 * libs/tunnel-protocol.
 */

/** Commands and queries: request and reply, served by one instance of the owning service (queue group = service). */
export const endpoints = {
  beginSignIn: (tenant: string) => `cmd.${tenant}.auth.begin-sign-in`,
  continueSignIn: (tenant: string) => `cmd.${tenant}.auth.continue-sign-in`,
  completeSignIn: (tenant: string) => `cmd.${tenant}.auth.complete-sign-in`,
  openAppAccess: (tenant: string) => `cmd.${tenant}.auth.open-app-access`,
  signOut: (tenant: string) => `cmd.${tenant}.auth.sign-out`,
  endSession: (tenant: string) => `cmd.${tenant}.auth.end-session`,
  endSessions: (tenant: string) => `cmd.${tenant}.auth.end-sessions`,
  endOwnSessions: (tenant: string) => `cmd.${tenant}.auth.end-own-sessions`,
  changePolicySet: (tenant: string) => `cmd.${tenant}.auth.change-policy-set`,
  changeUser: (tenant: string) => `cmd.${tenant}.auth.change-user`,
  assessSession: (tenant: string) => `cmd.${tenant}.auth.assess-session`,
  providerLogout: (tenant: string) => `cmd.${tenant}.auth.provider-logout`,
  changeServiceToken: (tenant: string) => `cmd.${tenant}.auth.change-service-token`,
  sealSecret: (tenant: string) => `cmd.${tenant}.auth.seal-secret`,
  authorize: (tenant: string) => `qry.${tenant}.auth.authorize`,
  verifyToken: (tenant: string) => `qry.${tenant}.auth.verify-token`,
  assertionKeys: (tenant: string) => `qry.${tenant}.auth.assertion-keys`,
  sessions: (tenant: string) => `qry.${tenant}.auth.sessions`,
  users: (tenant: string) => `qry.${tenant}.auth.users`,
  serviceTokens: (tenant: string) => `qry.${tenant}.auth.service-tokens`,
  identityProviders: (tenant: string) => `qry.${tenant}.auth.identity-providers`,
  portal: (tenant: string) => `qry.${tenant}.auth.portal`,
  policySet: (tenant: string) => `qry.${tenant}.auth.policy-set`,

  app: (tenant: string) => `cmd.${tenant}.routing.app`,
  connectorGroup: (tenant: string) => `cmd.${tenant}.routing.connector-group`,
  connector: (tenant: string) => `cmd.${tenant}.routing.connector`,
  serverCertificate: (tenant: string) => `cmd.${tenant}.routing.server-certificate`,
  apps: (tenant: string) => `qry.${tenant}.routing.apps`,
  connectorGroups: (tenant: string) => `qry.${tenant}.routing.connector-groups`,
  connectors: (tenant: string) => `qry.${tenant}.routing.connectors`,
  connectorConfig: (tenant: string) => `qry.${tenant}.routing.connector-config`,

  limit: (tenant: string) => `cmd.${tenant}.throttling.limit`,
  limits: (tenant: string) => `qry.${tenant}.throttling.limits`,

  recordAccess: (tenant: string) => `cmd.${tenant}.audit.record-access`,
  auditEvents: (tenant: string) => `qry.${tenant}.audit.events`,
  accessRecords: (tenant: string) => `qry.${tenant}.audit.access-records`,
  replay: (tenant: string) => `qry.${tenant}.audit.replay`,
  decision: (tenant: string) => `qry.${tenant}.audit.decision`,

  trust: (tenant: string) => `qry.${tenant}.certificate-authority.trust`,
} as const;

/** Pushed messages without reply: every subscriber gets each. A lost one is healed by the version it carries. */
export const feeds = {
  appDirectory: (tenant: string) => `cfg.${tenant}.routing.apps`,
  revocations: (tenant: string) => `cfg.${tenant}.auth.revocations`,
  shares: (tenant: string) => `cfg.${tenant}.throttling.shares`,
  demand: (tenant: string) => `cfg.${tenant}.ingress.demand`,
} as const;

/** Streams that are not event-sourced aggregates (account CORE). */
export const trails = {
  access: (tenant: string, ingress: string) => `acc.${tenant}.${ingress}`,
  audit: (tenant: string, category: string) => `aud.${tenant}.${category}`,
} as const;

/** Every pattern above with wildcards in place of arguments, checked against broker/SUBJECTS.md. */
export const SUBJECT_PATTERNS: readonly string[] = [
  ...Object.values(endpoints).map((build) => build('*')),
  ...Object.values(feeds).map((build) => build('*')),
  trails.access('*', '*'),
  trails.audit('*', '*'),
];
