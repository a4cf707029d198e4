import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentialsFile } from '#broker';
import { type Principal, REGISTER_SCOPE, verifyToken } from '#libs/contracts';
import { serveEndpoint } from '#libs/messaging';
import { createNkey, credentialsOf, type Nkey } from '#libs/nats-identity';
import { createKeyAndRequest } from '#libs/pki';
import type { RunningService } from '#libs/service-host';
import { createLogger } from '#libs/telemetry';
import { certificateAuthorityConfig } from '../../../services/certificate-authority/src/config.ts';
import { startCertificateAuthority } from '../../../services/certificate-authority/src/service.ts';
import { routingConfig } from '../../../services/routing/src/config.ts';
import { startRouting } from '../../../services/routing/src/service.ts';
import { type RunningBroker, startBroker } from '../../support/broker.ts';

export const TENANT = 'default';
export const logger = createLogger({
  service: 'spec',
  write: (line) => (process.env.SPEC_LOG ? process.stderr.write(line) : undefined),
});

export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readonly<Record<string, unknown>>;
};

export type ClientIdentity = { readonly certificate: string; readonly privateKey: string };

export type Registered = {
  readonly connectorId: string;
  readonly identity: ClientIdentity;
  readonly user: Nkey;
  readonly credentials: string;
  readonly answer: Readonly<Record<string, unknown>>;
};

export type AuthorityWorld = {
  readonly broker: RunningBroker;
  /** Calls the connector endpoint. */
  readonly call: (
    method: string,
    path: string,
    options?: {
      readonly token?: string;
      readonly body?: unknown;
      readonly identity?: ClientIdentity;
      readonly headers?: Readonly<Record<string, string>>;
    },
  ) => Promise<Answer>;
  /** Both steps of a registration by an administrator. */
  readonly register: (group: string | null, name?: string) => Promise<Registered>;
  readonly restartAuthority: () => Promise<void>;
  readonly stopAuthority: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

export const administrator = principal('admin-1', 'ada@example.com');

function principal(subject: string, username: string): Principal {
  return {
    subject,
    directoryTenant: 'dir',
    username,
    name: username,
    email: null,
    groups: [],
    roles: [],
    directoryRoles: [],
  };
}

/** A real hub, the real routing service and certificate authority; only auth is played, by these tokens. */
export async function startAuthorityWorld(): Promise<AuthorityWorld> {
  const broker = await startBroker({ tenant: TENANT });
  const keyDirectory = mkdtempSync(join(tmpdir(), 'sallyport-ca-'));
  const { layout, servers } = broker;
  const access = { servers: [...servers], caFile: layout.caFile };
  const creds = (service: 'routing' | 'certificate-authority', account: 'backbone' | 'core' | 'tenant' | 'sys') =>
    credentialsFile(layout, service, account);
  const auth = await broker.connectAs('auth');
  serveEndpoint(auth, TENANT, verifyToken, async ({ token, scope }) => playAuth(token, scope), {
    queue: 'auth',
    logger,
  });
  await auth.flush();
  const routing = await startRouting(
    routingConfig.parse({
      tenant: TENANT,
      broker: access,
      credentials: {
        backbone: creds('routing', 'backbone'),
        core: creds('routing', 'core'),
        tenant: creds('routing', 'tenant'),
      },
      keyDirectory,
    }),
    { logger },
  );
  const config = certificateAuthorityConfig.parse({
    tenant: TENANT,
    broker: access,
    credentials: {
      backbone: creds('certificate-authority', 'backbone'),
      core: creds('certificate-authority', 'core'),
      tenant: creds('certificate-authority', 'tenant'),
      sys: creds('certificate-authority', 'sys'),
    },
    port: 0,
    tls: layout.certificates['connector-endpoint'],
    publicUrl: 'https://localhost:8444',
    leafAddresses: [`tls://localhost:${layout.ports.leaf}`],
    authorities: layout.authorities,
    tenantAccount: layout.accounts.tenant,
    connectorSigner: layout.connectorSigner,
    operator: layout.operator,
    registration: { issuer: 'https://localhost/idp', clientId: 'cli', scope: `api://api/${REGISTER_SCOPE}` },
  });
  let authority: RunningService | undefined = await startCertificateAuthority(config, { logger });
  const stopAuthority = async () => {
    await authority?.stop();
    authority = undefined;
  };
  const ca = readFileSync(layout.caFile, 'utf8');
  const call: AuthorityWorld['call'] = (method, path, options = {}) =>
    send({ ...options, method, path, ca, port: Number(authority?.ready?.port) });
  return {
    broker,
    call,
    register: (group, name = 'branch office') => register(call, group, name),
    stopAuthority,
    restartAuthority: async () => {
      await stopAuthority();
      authority = await startCertificateAuthority(config, { logger });
    },
    stop: async () => {
      await stopAuthority();
      await routing.drain();
      await routing.stop();
      await broker.stop();
      rmSync(keyDirectory, { recursive: true, force: true });
    },
  };
}

/** Tokens: `admin`, `other-admin`, `user`; everything else is refused. */
function playAuth(token: string, scope: string) {
  const expiresAt = new Date(Date.now() + 60_000).toISOString();
  if (scope !== REGISTER_SCOPE) return { status: 'refused' as const, reason: 'scope-missing', detail: 'wrong scope' };
  if (token === 'admin')
    return { status: 'accepted' as const, principal: administrator, isAdministrator: true, expiresAt };
  if (token === 'other-admin')
    return {
      status: 'accepted' as const,
      principal: principal('admin-2', 'bob@example.com'),
      isAdministrator: true,
      expiresAt,
    };
  if (token === 'user')
    return {
      status: 'accepted' as const,
      principal: principal('user-1', 'eve@example.com'),
      isAdministrator: false,
      expiresAt,
    };
  return { status: 'refused' as const, reason: 'token-signature-wrong', detail: 'signature does not verify' };
}

async function register(call: AuthorityWorld['call'], group: string | null, name: string): Promise<Registered> {
  const opened = await call('POST', '/v1/registrations', {
    token: 'admin',
    body: { name, machineName: 'host-1', connectorGroupId: group },
  });
  if (opened.status !== 201) throw new Error(`registration refused: ${JSON.stringify(opened.body)}`);
  const connectorId = String(opened.body.connectorId);
  const { privateKeyPem, requestPem } = await createKeyAndRequest({ commonName: connectorId });
  const user = createNkey('user');
  const issued = await call('POST', `/v1/registrations/${String(opened.body.registrationId)}/certificate`, {
    token: 'admin',
    body: { certificateRequest: requestPem, userPublicKey: user.publicKey, machineName: 'host-1', version: '1.0.0' },
  });
  if (issued.status !== 201) throw new Error(`certificate refused: ${JSON.stringify(issued.body)}`);
  return {
    connectorId,
    user,
    identity: { certificate: String(issued.body.certificate), privateKey: privateKeyPem },
    credentials: credentialsOf(String(issued.body.userJwt), user),
    answer: issued.body,
  };
}

function send(options: {
  readonly method: string;
  readonly path: string;
  readonly port: number;
  readonly ca: string;
  readonly token?: string;
  readonly body?: unknown;
  readonly identity?: ClientIdentity;
  readonly headers?: Readonly<Record<string, string>>;
}): Promise<Answer> {
  const { identity } = options;
  const text = typeof options.body === 'string' ? options.body : JSON.stringify(options.body ?? undefined);
  return new Promise((resolve, reject) => {
    const req = request(
      {
        host: '127.0.0.1',
        servername: 'localhost',
        port: options.port,
        method: options.method,
        path: options.path,
        ca: options.ca,
        agent: false,
        headers: {
          ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
          ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...options.headers,
        },
        ...(identity ? { cert: identity.certificate, key: identity.privateKey } : {}),
      },
      (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (chunk: Buffer) => chunks.push(chunk));
        res.on('end', () => {
          const received = Buffer.concat(chunks).toString();
          resolve({ status: res.statusCode ?? 0, headers: res.headers, body: received ? JSON.parse(received) : {} });
        });
      },
    );
    req.on('error', reject);
    req.end(options.body === undefined ? undefined : text);
  });
}
