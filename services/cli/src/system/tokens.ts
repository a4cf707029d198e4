import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { mintLocalOperatorToken } from '#libs/local-operator';
import { refused } from '../errors.ts';
import type { CliHost } from '../host.ts';
import type { Connection } from './connection.ts';

const cachedToken = z.object({ token: z.string(), expiresAt: z.iso.datetime() });
const tokenFile = z.record(z.string(), cachedToken);
export type CachedToken = z.infer<typeof cachedToken>;

/** A token this close to its end is not used any more. */
const MARGIN_MS = 30_000;
/** Tokens kept; the one that ends first goes. */
const MAX_TOKENS = 20;

/** `$XDG_CONFIG_HOME/sallyport/tokens.json`, mode 0600. */
export function tokenFilePath(host: CliHost): string {
  return join(host.env.XDG_CONFIG_HOME || join(host.homeDir, '.config'), 'sallyport', 'tokens.json');
}

/**
 * In this order: `--token`, SALLYPORT_TOKEN, a token of the local operator when its key can be read, the token of the last
 * `sallyport login`. Error: ERR_CLI_NOT_SIGNED_IN.
 */
export async function findToken(host: CliHost, connection: Connection, given: string | undefined): Promise<string> {
  const named = given ?? host.env.SALLYPORT_TOKEN;
  if (named !== undefined && named !== '') return named;
  const key = await readKey(connection.localOperatorKeyFile);
  if (key !== undefined) return mintLocalOperatorToken(key, host.userName);
  const cached = await readCachedToken(host, cacheKey(connection));
  if (cached !== undefined) return cached.token;
  throw refused(
    'ERR_CLI_NOT_SIGNED_IN',
    `not signed in at ${connection.apiUrl}: run \`sallyport login\`, or pass --token`,
  );
}

export function cacheKey(connection: Connection, scope = connection.scope): string {
  return `${connection.apiUrl} ${scope?.split('/').at(-1) ?? 'Sallyport.Manage'}`;
}

export async function readCachedToken(host: CliHost, key: string): Promise<CachedToken | undefined> {
  const cached = (await readTokens(tokenFilePath(host)))[key];
  return cached !== undefined && isFresh(cached) ? cached : undefined;
}

/** Written whole beside the file and moved into place, so that two commands at once do not leave half a file. */
export async function writeCachedToken(host: CliHost, key: string, token: CachedToken): Promise<void> {
  const path = tokenFilePath(host);
  const fresh = Object.entries(await readTokens(path)).filter(([name, one]) => name !== key && isFresh(one));
  fresh.sort(([, a], [, b]) => b.expiresAt.localeCompare(a.expiresAt));
  const tokens = Object.fromEntries([[key, token], ...fresh.slice(0, MAX_TOKENS - 1)]);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${Date.now()}`;
  await writeFile(draft, `${JSON.stringify(tokens, null, 2)}\n`, { mode: 0o600 });
  await chmod(draft, 0o600);
  await rename(draft, path);
}

async function readTokens(path: string): Promise<Readonly<Record<string, CachedToken>>> {
  try {
    return tokenFile.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    // Absent or damaged: it is a cache, and signing in again mends it.
    return {};
  }
}

function isFresh({ expiresAt }: CachedToken): boolean {
  return Date.parse(expiresAt) - MARGIN_MS > Date.now();
}

async function readKey(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path, 'utf8');
  } catch {
    // Not ours to read: then a sign-in must do.
    return undefined;
  }
}
