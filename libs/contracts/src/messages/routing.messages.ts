import { z } from 'zod';
import { appSettings, kerberosAuthorization, SETTINGS_SINCE_V2 } from '../facts/app-settings.ts';
import { serverCertificate } from '../facts/server-certificate.facts.ts';
import { endpoints, feeds } from '../subjects.ts';
import { commandContext } from './common.ts';
import { endpoint, feed } from './endpoint.ts';

const { shape } = appSettings;

/** What an older sender leaves out takes the value such an app had. Never for changes: there, absent means unchanged. */
const settingsSinceV2 = {
  alternateHosts: shape.alternateHosts.default(SETTINGS_SINCE_V2.alternateHosts),
  segments: shape.segments.default(SETTINGS_SINCE_V2.segments),
  idleTimeoutSeconds: shape.idleTimeoutSeconds.default(SETTINGS_SINCE_V2.idleTimeoutSeconds),
  translateBodyLinks: shape.translateBodyLinks.default(SETTINGS_SINCE_V2.translateBodyLinks),
  hsts: shape.hsts.default(SETTINGS_SINCE_V2.hsts),
  corsRules: shape.corsRules.default(SETTINGS_SINCE_V2.corsRules),
  sessionAffinity: shape.sessionAffinity.default(SETTINGS_SINCE_V2.sessionAffinity),
  allowWebSocket: shape.allowWebSocket.default(SETTINGS_SINCE_V2.allowWebSocket),
  allowGrpc: shape.allowGrpc.default(SETTINGS_SINCE_V2.allowGrpc),
  maxRequestBodyBytes: shape.maxRequestBodyBytes.default(SETTINGS_SINCE_V2.maxRequestBodyBytes),
  originCertificateAuthority: shape.originCertificateAuthority.default(SETTINGS_SINCE_V2.originCertificateAuthority),
  originClientCertificate: shape.originClientCertificate.default(SETTINGS_SINCE_V2.originClientCertificate),
  originProtocol: shape.originProtocol.default(SETTINGS_SINCE_V2.originProtocol),
  bearerTokens: shape.bearerTokens.default(SETTINGS_SINCE_V2.bearerTokens),
  identityProvider: shape.identityProvider.default(SETTINGS_SINCE_V2.identityProvider),
  singleSignOn: shape.singleSignOn.default(SETTINGS_SINCE_V2.singleSignOn),
};

/** An app as every other service sees it. */
export const appView = appSettings.extend(settingsSinceV2).extend({
  id: z.string(),
  revision: z.number().int(),
  status: z.enum(['published', 'retired']),
  users: z.array(z.string()),
  groups: z.array(z.string()),
  /** App roles that are assigned; an older sender knows of none. */
  roles: z.array(z.string()).default([]),
});
export type AppView = z.infer<typeof appView>;

/** Everything but name and internal URL has a default; ids and external URL are made when absent. */
export const publishAppInput = appSettings
  .partial()
  .extend({ name: z.string().min(1).max(120), internalUrl: z.string().max(2048) });
export type PublishAppInput = z.infer<typeof publishAppInput>;

export const appCommand = z.discriminatedUnion('type', [
  z.object({ type: z.literal('PublishApp'), appId: z.string().optional(), settings: publishAppInput }),
  z.object({ type: z.literal('ChangeApp'), appId: z.string(), changes: appSettings.partial() }),
  z.object({ type: z.literal('RetireApp'), appId: z.string() }),
  z.object({
    type: z.literal('AssignToApp'),
    appId: z.string(),
    userIds: z.array(z.string()).max(500),
    groupIds: z.array(z.string()).max(500),
    /** Values of app roles. Default: none. */
    roles: z.array(z.string()).max(500).optional(),
  }),
  z.object({
    type: z.literal('UnassignFromApp'),
    appId: z.string(),
    userIds: z.array(z.string()).max(500),
    groupIds: z.array(z.string()).max(500),
    roles: z.array(z.string()).max(500).optional(),
  }),
]);
export type AppCommand = z.infer<typeof appCommand>;

/** Errors: ERR_APP_URL, ERR_APP_DUPLICATE_URL, ERR_APP_ABSENT, ERR_APP_TIMEOUT, ERR_GROUP_ABSENT, ERR_EVENTS_STALE_REVISION. */
export const changeApp = endpoint(
  endpoints.app,
  commandContext.extend({ command: appCommand, expectedRevision: z.number().int().min(0).optional() }),
  z.object({ app: appView }),
);

/** A page of the app directory. `position` is the place in the event stream the page reflects. */
export const apps = endpoint(
  endpoints.apps,
  z.object({
    after: z.string().optional(),
    limit: z.number().int().min(1).max(500).optional(),
    includeRetired: z.boolean().optional(),
    id: z.string().optional(),
  }),
  z.object({ position: z.number().int(), apps: z.array(appView), next: z.string().nullable() }),
);

/** One change of the app directory, also sent as a beat every 5 s without a change (`app: null`) so that a lost one shows. */
export const appDirectory = feed(
  feeds.appDirectory,
  z.object({ position: z.number().int(), previousPosition: z.number().int(), app: appView.nullable() }),
);

export const connectorGroupView = z.object({
  id: z.string(),
  name: z.string(),
  status: z.enum(['active', 'retired']),
  revision: z.number().int(),
});

export const changeConnectorGroup = endpoint(
  endpoints.connectorGroup,
  commandContext.extend({
    command: z.discriminatedUnion('type', [
      z.object({
        type: z.literal('CreateConnectorGroup'),
        connectorGroupId: z.string().optional(),
        name: z.string().min(1).max(120),
      }),
      z.object({
        type: z.literal('RenameConnectorGroup'),
        connectorGroupId: z.string(),
        name: z.string().min(1).max(120),
      }),
      z.object({ type: z.literal('RetireConnectorGroup'), connectorGroupId: z.string() }),
    ]),
    expectedRevision: z.number().int().min(0).optional(),
  }),
  z.object({ group: connectorGroupView }),
);

export const connectorGroups = endpoint(
  endpoints.connectorGroups,
  z.object({}),
  z.object({ groups: z.array(connectorGroupView) }),
);

export const connectorView = z.object({
  id: z.string(),
  revision: z.number().int(),
  name: z.string(),
  machineName: z.string(),
  version: z.string(),
  status: z.enum(['pending', 'active', 'revoked']),
  connectorGroupId: z.string().nullable(),
  userPublicKey: z.string(),
  certificateThumbprint: z.string(),
  presence: z.enum(['online', 'offline']),
  lastSeenAt: z.string().nullable(),
});
export type ConnectorView = z.infer<typeof connectorView>;

/** Errors: ERR_CONNECTOR_ABSENT, ERR_CONNECTOR_REVOKED, ERR_GROUP_ABSENT. */
export const changeConnector = endpoint(
  endpoints.connector,
  commandContext.extend({
    command: z.discriminatedUnion('type', [
      z.object({
        type: z.literal('RegisterConnector'),
        connectorId: z.string(),
        name: z.string().min(1).max(120),
        machineName: z.string().max(255),
        version: z.string().max(64),
        userPublicKey: z.string().max(64),
        certificateThumbprint: z.string(),
        connectorGroupId: z.string().nullable(),
      }),
      z.object({ type: z.literal('AssignConnectorToGroup'), connectorId: z.string(), connectorGroupId: z.string() }),
      z.object({ type: z.literal('RenameConnector'), connectorId: z.string(), name: z.string().min(1).max(120) }),
      z.object({ type: z.literal('RevokeConnector'), connectorId: z.string(), reason: z.string().max(400) }),
    ]),
    expectedRevision: z.number().int().min(0).optional(),
  }),
  z.object({ connector: connectorView }),
);

/** Puts a certificate of the gate on record; its files are written by the console (ADR-0008). Error: ERR_ROUTING_ID. */
export const changeServerCertificate = endpoint(
  endpoints.serverCertificate,
  commandContext.extend({
    command: z.discriminatedUnion('type', [
      z.object({
        type: z.literal('InstallServerCertificate'),
        name: z.string().max(64),
        certificate: serverCertificate,
      }),
      z.object({ type: z.literal('RemoveServerCertificate'), name: z.string().max(64) }),
    ]),
  }),
  z.object({ revision: z.number().int() }),
);

export const connectors = endpoint(
  endpoints.connectors,
  z.object({ id: z.string().optional() }),
  z.object({ connectors: z.array(connectorView) }),
);

/**
 * What one app is to a connector: only what it needs to call the origin. Which internal URL belongs to a request follows
 * from the Host field in its head and its path: `addressAt(addressesOf(app), host, path)`.
 */
export const originConfig = z.object({
  appId: z.string(),
  internalUrl: z.string(),
  externalUrl: z.string(),
  alternateHosts: settingsSinceV2.alternateHosts,
  segments: settingsSinceV2.segments,
  backendTimeoutSeconds: z.number().int(),
  idleTimeoutSeconds: settingsSinceV2.idleTimeoutSeconds,
  translateHeaders: z.boolean(),
  validateBackendCertificate: z.boolean(),
  originCertificateAuthority: settingsSinceV2.originCertificateAuthority,
  originClientCertificate: settingsSinceV2.originClientCertificate,
  originProtocol: settingsSinceV2.originProtocol,
  /** Null: the connector signs nobody in. */
  kerberos: kerberosAuthorization
    .pick({ servicePrincipalName: true, realm: true, mechanism: true })
    .nullable()
    .default(null),
});
export type OriginConfig = z.infer<typeof originConfig>;
export type KerberosOrigin = NonNullable<OriginConfig['kerberos']>;

/** What auth's signed assertions are checked against. */
export const assertionTrust = z.object({
  issuer: z.string().min(1).max(2048),
  /** Public keys (RFC 7517). */
  keys: z.array(z.record(z.string(), z.unknown())).min(1).max(20),
});
export type AssertionTrust = z.infer<typeof assertionTrust>;

/** The configuration a connector pulls over mutual TLS. `version` only grows. */
export const connectorConfiguration = z.object({
  version: z.number().int(),
  connectorId: z.string(),
  status: z.enum(['pending', 'active', 'revoked']),
  connectorGroupId: z.string().nullable(),
  /** Secret name of the group's queue; null while pending. */
  queue: z.string().nullable(),
  apps: z.array(originConfig),
  refreshSeconds: z.number().int(),
  /** Only where an app needs it: Kerberos. Null also while auth has not answered; it may change without `version`. */
  assertions: assertionTrust.nullable().default(null),
});
export type ConnectorConfiguration = z.infer<typeof connectorConfiguration>;

/**
 * By pages, for a group's apps may be more than one message holds: `next` goes back as `after`. Pages of one version make
 * one configuration; a page of another version means that it changed between: begin again.
 */
export const connectorConfig = endpoint(
  endpoints.connectorConfig,
  z.object({ connectorId: z.string(), after: z.string().optional() }),
  connectorConfiguration.extend({ next: z.string().nullable().default(null) }),
);
