import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type NatsConnection } from 'nats';
import { Agent, request } from 'undici';
import type { z } from 'zod';
import { type AppView, type Endpoint, type Principal, SETTINGS_SINCE_V2, verifyToken } from '#libs/contracts';
import { SallyportError } from '#libs/errors';
import { serveEndpoint } from '#libs/messaging';
import { createLogger } from '#libs/telemetry';
import { consoleConfig } from '../../../services/console/src/config.ts';
import { startConsole } from '../../../services/console/src/service.ts';
import { startNatsServer } from '../../support/nats-server.ts';
import { writeTlsCertificate } from '../../support/tls-certificate.ts';

export const TENANT = 'main';

/** JSON of any shape, looked into step by step. */
export interface JsonNode {
  readonly [key: string]: JsonNode | undefined;
}

export type ApiAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly json: JsonNode;
};

export type ConsoleWorld = {
  readonly port: number;
  /** The console's files. */
  readonly folder: string;
  readonly agent: Agent;
  /** Serves an endpoint in place of another service. */
  fake<Request extends z.ZodType, Reply extends z.ZodType>(
    endpoint: Endpoint<Request, Reply>,
    handler: (request: z.infer<Request>) => z.infer<Reply> | Promise<z.infer<Reply>>,
  ): Promise<void>;
  call(
    method: string,
    path: string,
    options?: { token?: string | null; body?: unknown; raw?: string | Buffer; headers?: Record<string, string> },
  ): Promise<ApiAnswer>;
  stop(): Promise<void>;
};

export const APP: AppView = {
  ...SETTINGS_SINCE_V2,
  id: 'app_1',
  revision: 7,
  status: 'published',
  name: 'Wiki',
  internalUrl: 'http://localhost:3000/',
  externalUrl: 'https://wiki.sallyport.localhost:8443/',
  preauthentication: 'oidc',
  connectorGroupId: 'default' as AppView['connectorGroupId'],
  backendTimeoutSeconds: 85,
  cookieFlags: { httpOnly: true, persistent: false, sameSite: 'lax' },
  translateHeaders: true,
  validateBackendCertificate: true,
  users: [],
  groups: [],
  roles: [],
};
export const PUBLISH = { name: 'Wiki', internalUrl: 'http://localhost:3000' };

export const principalOf = (username: string, subject = 'oid-1'): Principal => ({
  subject,
  directoryTenant: 'tid',
  username,
  name: username,
  email: null,
  groups: [],
  roles: [],
  directoryRoles: [],
});

/** A console over a real nats-server. Tokens: `admin`, `user` (no administrator), `operator`, all others are refused. */
export async function startConsoleWorld(): Promise<ConsoleWorld> {
  const nats = await startNatsServer();
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-console-'));
  const tls = await writeTlsCertificate(folder);
  const [backbone, faker] = await Promise.all([connect({ servers: nats.url }), connect({ servers: nats.url })]);
  const logger = createLogger({ service: 'console', write: () => undefined });
  const config = consoleConfig.parse({
    tenant: TENANT,
    broker: { servers: [nats.url], caFile: 'unused' },
    credentials: { backbone: 'unused' },
    port: 0,
    certificatesDirectory: join(folder, 'certificates'),
    tls: { certFile: tls.certFile, keyFile: tls.keyFile },
  });
  const running = await startConsole(config, { logger }, { backbone, close: () => backbone.close() });
  const agent = new Agent({ connect: { ca: tls.cert, servername: 'localhost' } });
  const fake = fakeOver(faker);
  await fake(verifyToken, ({ token }): z.infer<typeof verifyToken.reply> => {
    const expiresAt = new Date(Date.now() + 60_000).toISOString();
    if (token === 'admin')
      return { status: 'accepted', principal: principalOf('ada'), isAdministrator: true, expiresAt };
    if (token === 'operator')
      return { status: 'accepted', principal: principalOf('me', 'local-operator'), isAdministrator: true, expiresAt };
    if (token === 'user')
      return { status: 'accepted', principal: principalOf('bob'), isAdministrator: false, expiresAt };
    if (token === 'broken') throw new SallyportError('ERR_AUTH_KEYS', 'keys are away', { retryable: true });
    return { status: 'refused', reason: 'token-expired', detail: 'the token expired' };
  });
  return {
    port: running.port,
    folder,
    agent,
    fake,
    call: async (method, path, options = {}) => {
      const { token = 'admin', body, raw, headers } = options;
      const answer = await request(`https://127.0.0.1:${running.port}${path}`, {
        method: method as 'GET',
        dispatcher: agent,
        headers: {
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined && raw === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        body: raw ?? (body === undefined ? null : JSON.stringify(body)),
      });
      const text = await answer.body.text();
      const isJson =
        /json/.test(String(answer.headers['content-type'])) && !/ndjson/.test(String(answer.headers['content-type']));
      return {
        status: answer.statusCode,
        headers: answer.headers as Record<string, string>,
        text,
        json: isJson && text !== '' ? (JSON.parse(text) as JsonNode) : {},
      };
    },
    stop: async () => {
      await agent.close();
      await running.drain();
      await running.stop();
      await faker.close();
      await nats.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function fakeOver(nc: NatsConnection): ConsoleWorld['fake'] {
  const logger = createLogger({ service: 'fake', write: () => undefined });
  const served = new Map<string, { drain(): Promise<void> }>();
  return async (endpoint, handler) => {
    const subject = endpoint.subject(TENANT);
    await served.get(subject)?.drain();
    served.set(subject, serveEndpoint(nc, TENANT, endpoint, handler, { queue: 'fake', logger }));
    await nc.flush();
  };
}
