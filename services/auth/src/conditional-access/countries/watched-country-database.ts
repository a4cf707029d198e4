import { readFile, stat } from 'node:fs/promises';
import type { Logger } from '#libs/telemetry';
import { type CountryDatabase, readCountryDatabase } from './country-database.ts';
import { countryDatabaseError } from './country-database-error.ts';
import type { CountryLookup } from './country-lookup.ts';

/** A larger file is refused: two are in memory while one replaces the other. Databases of countries have about 10 MiB. */
export const MAX_COUNTRY_DATABASE_BYTES = 256 * 1024 * 1024;
/** Milliseconds between looks at the file. */
const POLL_MS = 5000;

export type WatchedCountryDatabase = CountryLookup & {
  /** Calls the listener, the last one given, whenever another file has been taken: decisions of before may be wrong. It must not throw. */
  readonly onReplaced: (listener: () => void) => void;
  /** Safe to call twice. */
  readonly stop: () => Promise<void>;
};

type Loaded = { readonly stamp: string; readonly database: CountryDatabase };

/**
 * Reads the file into memory and looks at it every `pollMs` (default 5000): one that was changed or replaced is taken when it is sound;
 * else the last good one stays, with one error in the log for each such file. Errors: ERR_AUTH_COUNTRY_DATABASE.
 */
export async function watchCountryDatabase(options: {
  readonly file: string;
  readonly logger: Logger;
  readonly pollMs?: number;
}): Promise<WatchedCountryDatabase> {
  const { file, logger } = options;
  let { stamp: lookedAt, database } = await load(file);
  let hasFailed = false;
  let replaced = (): void => undefined;
  let looking: Promise<void> | undefined;
  const tell = (message: string) => logger.info(message, { file, kind: database.kind, builtAt: database.builtAt });
  const look = async () => {
    const stamp = await stampOf(file);
    if (stamp === lookedAt) return;
    lookedAt = stamp;
    try {
      const loaded = await load(file);
      ({ stamp: lookedAt, database } = loaded);
      hasFailed = false;
      tell('country database replaced');
      replaced();
    } catch (error) {
      logger.error('country database not taken, the last good one stays', { file, error });
    }
  };
  tell('country database read');
  const timer = setInterval(() => {
    looking ??= look().finally(() => {
      looking = undefined;
    });
  }, options.pollMs ?? POLL_MS).unref();
  return {
    countryOf: (address) => {
      try {
        return database.find(address);
      } catch (error) {
        // Only a defect of ours leads here: all that lookups read was checked when the file was.
        if (!hasFailed)
          logger.error('country not found, the database is damaged', { file, error, remedy: 'put another file there' });
        hasFailed = true;
        return 'unknown';
      }
    },
    onReplaced: (listener) => {
      replaced = listener;
    },
    stop: async () => {
      clearInterval(timer);
      await looking;
    },
  };
}

/** What a file is told apart by; `absent` when it cannot be looked at. Total. */
async function stampOf(file: string): Promise<string> {
  try {
    return textOf(await stat(file));
  } catch {
    // Said by the reading that follows.
    return 'absent';
  }
}

/** The stamp is from before the reading: a file that is written meanwhile is read again. */
async function load(file: string): Promise<Loaded> {
  const { stamp, bytes } = await read(file);
  try {
    return { stamp, database: await readCountryDatabase(bytes) };
  } catch (cause) {
    throw countryDatabaseError(file, cause instanceof Error ? problemOf(cause) : 'cannot be read', cause);
  }
}

async function read(file: string): Promise<{ readonly stamp: string; readonly bytes: Buffer }> {
  const fail = (problem: string, cause?: unknown) => countryDatabaseError(file, problem, cause);
  const failed = (cause: unknown) =>
    fail(codeOf(cause) === 'ENOENT' ? 'does not exist' : `cannot be read (${codeOf(cause)})`, cause);
  const found = await stat(file).catch((cause: unknown) => Promise.reject(failed(cause)));
  if (!found.isFile()) throw fail('is no file');
  if (found.size > MAX_COUNTRY_DATABASE_BYTES)
    throw fail(`has ${found.size} bytes, at most ${MAX_COUNTRY_DATABASE_BYTES} are read`);
  const bytes = await readFile(file).catch((cause: unknown) => Promise.reject(failed(cause)));
  return { stamp: textOf(found), bytes };
}

/** What the library says of a broken file names neither file nor remedy. */
function problemOf(cause: Error): string {
  return /^(?:is|has) /.test(cause.message) ? cause.message : 'is cut short or damaged';
}

function textOf(found: {
  readonly ino: number;
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
}) {
  return `${found.ino}:${found.size}:${found.mtimeMs}:${found.ctimeMs}`;
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return 'unknown';
  return String(error.code);
}
