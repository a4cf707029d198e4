import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SETTINGS_SINCE_V2 } from '#libs/contracts';
import { runCli } from '../../../services/cli/src/cli.ts';
import type { CliHost } from '../../../services/cli/src/host.ts';
import { writeTlsCertificate } from '../../support/tls-certificate.ts';

export type Asked = {
  readonly method: string;
  /** Path and query below `/v1/`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: unknown;
};
/** Undefined: 404 with ERR_API_ROUTE. `lines` are sent as a stream that then ends. */
export type FakeAnswer =
  | {
      readonly status?: number;
      readonly body?: unknown;
      readonly lines?: readonly unknown[];
      readonly neverAnswers?: boolean;
    }
  | undefined;

export type Ran = { readonly code: number; readonly out: string; readonly err: string };

export type CliWorld = {
  readonly folder: string;
  readonly dataDir: string;
  readonly caFile: string;
  readonly port: number;
  readonly asked: Asked[];
  /** What the API answers from now on. */
  answer(handler: (asked: Asked) => FakeAnswer): void;
  /** Writes `cli.json`; parts given replace the default ones, undefined leaves one out. */
  writeSystemFile(parts?: Readonly<Record<string, unknown>>): void;
  run(argv: readonly string[], host?: Partial<CliHost>): Promise<Ran>;
  stop(): Promise<void>;
};

/** An API that answers what a spec tells it, and a data directory that names it. */
export async function startCliWorld(): Promise<CliWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-cli-'));
  const dataDir = join(folder, '.sallyport');
  mkdirSync(dataDir);
  const tls = await writeTlsCertificate(folder);
  const asked: Asked[] = [];
  let handler: (asked: Asked) => FakeAnswer = () => undefined;
  const server = await startServer(tls, asked, (one) => handler(one));
  const { port } = server.address() as AddressInfo;
  const operatorKeyFile = join(folder, 'operator.pem');
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writeFileSync(operatorKeyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const writeSystemFile = (parts: Readonly<Record<string, unknown>> = {}) => {
    const file = {
      apiUrl: `https://localhost:${port}/v1/`,
      caFile: tls.certFile,
      portalUrl: 'https://portal.sallyport.localhost:8443/',
      localOperatorKeyFile: operatorKeyFile,
      developmentUsers: [
        { username: 'ada', userId: 'oid-ada' },
        { username: 'bob', userId: 'oid-bob' },
      ],
      ...parts,
    };
    writeFileSync(join(dataDir, 'cli.json'), JSON.stringify(file));
  };
  writeSystemFile();
  return {
    folder,
    dataDir,
    caFile: tls.certFile,
    port,
    asked,
    answer: (next) => {
      handler = next;
      asked.length = 0;
    },
    writeSystemFile,
    run: (argv, host) => run(folder, argv, host),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function run(folder: string, argv: readonly string[], host: Partial<CliHost> = {}): Promise<Ran> {
  let out = '';
  let err = '';
  const code = await runCli({
    argv,
    env: {},
    cwd: folder,
    projectRoot: folder,
    homeDir: folder,
    userName: 'tester',
    isTerminal: false,
    readInput: async () => '',
    print: (text) => {
      out += text;
    },
    printError: (text) => {
      err += text;
    },
    signal: new AbortController().signal,
    runProgram: async () => 0,
    ...host,
  });
  return { code, out, err };
}

function startServer(
  tls: { readonly cert: string; readonly key: string },
  asked: Asked[],
  handler: (asked: Asked) => FakeAnswer,
): Promise<Server> {
  const server = createServer({ cert: tls.cert, key: tls.key }, (req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const one = {
        method: req.method ?? '',
        path: (req.url ?? '').replace('/v1/', ''),
        headers: req.headers as Asked['headers'],
        body: text === '' ? undefined : (JSON.parse(text) as unknown),
      };
      asked.push(one);
      const given = handler(one) ?? {
        status: 404,
        body: { code: 'ERR_API_ROUTE', detail: `fake knows no ${one.method} ${one.path}`, retryable: false },
      };
      if (given.neverAnswers) return;
      res.writeHead(given.status ?? 200, { 'content-type': 'application/json' });
      if (given.lines === undefined) res.end(JSON.stringify(given.body ?? {}));
      else res.end(given.lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    });
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

export const APP = {
  ...SETTINGS_SINCE_V2,
  id: 'app_1',
  revision: 7,
  status: 'published',
  name: 'localhost-3000',
  internalUrl: 'http://localhost:3000/',
  externalUrl: 'https://localhost-3000.sallyport.localhost:8443/',
  preauthentication: 'oidc',
  connectorGroupId: 'default',
  backendTimeoutSeconds: 85,
  cookieFlags: { httpOnly: true, persistent: false, sameSite: 'lax' },
  translateHeaders: true,
  validateBackendCertificate: true,
  users: [] as string[],
  groups: [] as string[],
  roles: [] as string[],
};

export const CONNECTOR = {
  id: 'con_1',
  revision: 3,
  name: 'embedded',
  machineName: 'host',
  version: '0.1.0',
  status: 'active',
  connectorGroupId: 'default',
  userPublicKey: 'U',
  certificateThumbprint: 'aa',
  presence: 'online',
  lastSeenAt: '2026-01-01T00:00:00.000Z',
};

/** Texts of a spec without the first line break and the indentation of its first line. */
export function text(template: TemplateStringsArray): string {
  const lines = (template[0] ?? '').replace(/^\n/, '').split('\n');
  const indent = /^ */.exec(lines[0] ?? '')?.[0].length ?? 0;
  return lines
    .map((line) => line.slice(indent))
    .join('\n')
    .trimEnd()
    .concat('\n');
}
