import { createHash } from 'node:crypto';
import type { AppAddress, KerberosOrigin, OriginConfig } from '#libs/contracts';
import { parseUrl } from '#libs/urls';

export type OriginTls = {
  readonly validateCertificate: boolean;
  /** PEM, in place of the connector's own authorities. */
  readonly authority: string | null;
  /** Name of a pair in the secrets folder. */
  readonly clientCertificate: string | null;
};

/** How users are signed in at an origin by Kerberos. */
export type KerberosTarget = KerberosOrigin & {
  /** Of auth's assertions for the app. */
  readonly audience: string;
};

/** Everything needed to call one app's origin at one address, worked out once per configuration. */
export type OriginTarget = {
  readonly appId: string;
  /** `http://host:port` or `https://host:port`. */
  readonly origin: string;
  /** Name the origin's certificate must carry. */
  readonly hostname: string;
  readonly port: number;
  /** Path of the internal URL, begins and ends with `/`. */
  readonly basePath: string;
  /** Path of the external URL, begins and ends with `/`. */
  readonly externalPath: string;
  readonly hostHeader: string;
  /** To the answer's head. */
  readonly backendTimeoutMs: number;
  /** Longest silence of an answer under way, and of both sides of an upgraded connection. */
  readonly idleTimeoutMs: number;
  readonly protocol: OriginConfig['originProtocol'];
  /** Undefined for an http origin. */
  readonly tls: OriginTls | undefined;
  readonly kerberos: KerberosTarget | undefined;
  /** The same for apps whose calls may share connections. */
  readonly poolKey: string;
};

/** Undefined when a URL cannot be used. */
export function createTarget(app: OriginConfig, address: AppAddress): OriginTarget | undefined {
  const internal = parseHttpUrl(address.internalUrl);
  const external = parseHttpUrl(address.externalUrl);
  if (!internal || !external) return undefined;
  const audience = parseHttpUrl(app.externalUrl)?.origin;
  if (app.kerberos !== null && audience === undefined) return undefined;
  // HTTP/2 shares a connection between users, and a connection may be what an origin signs in (RFC 4559, 6).
  const protocol = app.kerberos === null ? app.originProtocol : 'http1';
  const isTls = internal.protocol === 'https:';
  const tls = {
    validateCertificate: app.validateBackendCertificate,
    authority: app.originCertificateAuthority,
    clientCertificate: app.originClientCertificate,
  };
  return {
    appId: app.appId,
    origin: internal.origin,
    hostname: internal.hostname.replace(/^\[|\]$/g, ''),
    port: internal.port === '' ? (isTls ? 443 : 80) : Number(internal.port),
    basePath: withSlash(internal.pathname),
    externalPath: withSlash(external.pathname),
    hostHeader: app.translateHeaders ? internal.host : external.host,
    backendTimeoutMs: app.backendTimeoutSeconds * 1000,
    idleTimeoutMs: app.idleTimeoutSeconds * 1000,
    protocol,
    tls: isTls ? tls : undefined,
    kerberos: app.kerberos === null || audience === undefined ? undefined : { ...app.kerberos, audience },
    poolKey: `${internal.origin} ${protocol} ${isTls ? tlsKey(tls) : ''}`,
  };
}

/** The same for equal settings. */
export function tlsKey(tls: OriginTls): string {
  const authority = tls.authority === null ? '' : createHash('sha256').update(tls.authority).digest('base64url');
  return `${tls.validateCertificate ? 'v' : 'u'} ${authority} ${tls.clientCertificate ?? ''}`;
}

function parseHttpUrl(text: string): URL | undefined {
  const url = parseUrl(text);
  return url?.protocol === 'http:' || url?.protocol === 'https:' ? url : undefined;
}

function withSlash(path: string): string {
  return path.endsWith('/') ? path : `${path}/`;
}
