import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { parseUrl } from '#libs/urls';
import { refused, unavailable } from '../errors.ts';
import type { CliHost } from '../host.ts';

/** `<data directory>/cli.json`, written by the launcher: how tools on this machine reach the running system. */
export const systemFile = z.object({
  /** With `/v1/` at its end. */
  apiUrl: z.url(),
  caFile: z.string(),
  ingressUrl: z.url().optional(),
  portalUrl: z.url().optional(),
  connectorEndpointUrl: z.url().optional(),
  issuer: z.url().optional(),
  clientId: z.string().optional(),
  /** Scope of access tokens, `api://<api>/Sallyport.Manage`. */
  scope: z.string().optional(),
  localOperatorKeyFile: z.string().optional(),
  /** Present when the development identity provider runs. */
  developmentUsers: z.array(z.object({ username: z.string(), userId: z.string() })).optional(),
});
export type SystemFile = z.infer<typeof systemFile>;

export type Connection = Omit<SystemFile, 'caFile'> & {
  /** Null: the CAs Node.js ships. */
  readonly caFile: string | null;
  /** Where it was found; null when the options alone name it. */
  readonly dataDir: string | null;
};

export type ConnectionOptions = {
  readonly dataDir: string | undefined;
  readonly apiUrl: string | undefined;
  readonly caFile: string | undefined;
};

const FILE = 'cli.json';
const DEFAULT_FOLDER = '.sallyport';

/**
 * `--data-dir`, else `.sallyport` in the current folder, else in the project; `--api-url` and `--ca-file` win over what
 * is found there. A found local operator key is never used for an API named by hand: it belongs to this system alone.
 */
export async function findConnection(host: CliHost, options: ConnectionOptions): Promise<Connection> {
  if (options.apiUrl !== undefined) {
    return {
      apiUrl: withVersion(options.apiUrl),
      caFile: options.caFile === undefined ? null : resolve(host.cwd, options.caFile),
      dataDir: null,
    };
  }
  const folders =
    options.dataDir === undefined
      ? [...new Set([join(host.cwd, DEFAULT_FOLDER), join(host.projectRoot, DEFAULT_FOLDER)])]
      : [resolve(host.cwd, options.dataDir)];
  for (const dataDir of folders) {
    const found = await readSystemFile(join(dataDir, FILE));
    if (found) return { ...found, ...(options.caFile ? { caFile: resolve(host.cwd, options.caFile) } : {}), dataDir };
  }
  throw unavailable(
    `no Sallyport found in ${folders.join(' or ')}: start one with \`npm start\`, or name it with --data-dir or --api-url`,
  );
}

async function readSystemFile(path: string): Promise<SystemFile | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw refused('ERR_CLI_SYSTEM_FILE', `${path} cannot be read: run as the user who started Sallyport`, cause);
  }
  try {
    return systemFile.parse(JSON.parse(text));
  } catch (cause) {
    throw refused('ERR_CLI_SYSTEM_FILE', `${path} is damaged: stop Sallyport and start it again`, cause);
  }
}

/** `https://host:8446` and `https://host:8446/v1` mean the same API. */
function withVersion(url: string): string {
  if (parseUrl(url) === undefined) throw refused('ERR_CLI_SYSTEM_FILE', `API URL ${JSON.stringify(url)} is not a URL`);
  const parsed = new URL(url);
  if (!parsed.pathname.endsWith('/')) parsed.pathname += '/';
  if (!parsed.pathname.endsWith('/v1/')) parsed.pathname += 'v1/';
  return parsed.href;
}
