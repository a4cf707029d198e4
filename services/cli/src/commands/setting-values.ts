import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Arguments, Option } from '../command.ts';
import { usageError } from '../errors.ts';

/** An option that is on or off. */
export function onOff(summary: string): Option {
  return { type: 'string', value: 'on|off', summary };
}

export function readOnOff(args: Arguments, option: string): boolean | undefined {
  const value = readChoice(args, option, ['on', 'off']);
  return value === undefined ? undefined : value === 'on';
}

export function readChoice<T extends string>(args: Arguments, option: string, choices: readonly T[]): T | undefined {
  const value = args.text(option);
  const choice = choices.find((one) => one === value);
  if (value === undefined || choice !== undefined) return choice;
  throw usageError(`--${option} ${JSON.stringify(value)}: expected ${choices.join(', ')}`);
}

/** A whole number of at least `min`. */
export function readNumber(name: string, value: string | undefined, min = 0): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (/^\d{1,15}$/.test(value) && number >= min) return number;
  throw usageError(`${name} ${JSON.stringify(value)}: expected a whole number of at least ${min}`);
}

/** Null for `off`, which is how a setting is cleared. */
export function readOffOr<T>(args: Arguments, option: string, read: (text: string) => T): T | null | undefined {
  const value = args.text(option);
  if (value === undefined) return undefined;
  return value === 'off' ? null : read(value);
}

/** A file named by an option, from the folder the command runs in. */
export async function readNamedFile(option: string, path: string, cwd: string): Promise<string> {
  try {
    return await readFile(resolve(cwd, path), 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'error';
    throw usageError(`--${option} ${JSON.stringify(path)}: the file cannot be read (${code})`);
  }
}
