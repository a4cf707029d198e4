import type { Arguments, Option } from '../command.ts';
import { usageError } from '../errors.ts';

/** Options of `publish` and `apps change` for what an admin decides about an app. */
export const settingOptions: Readonly<Record<string, Option>> = {
  'external-url': { type: 'string', value: 'url', summary: 'where users come (default: the name under the domain)' },
  group: { type: 'string', value: 'group', summary: 'connector group that serves it (default: default)' },
  timeout: { type: 'string', value: 'seconds', summary: 'backend timeout: 1 to 3600, default (85) or long (180)' },
  'cookie-http-only': onOff('keep the access cookie from scripts (default on)'),
  'cookie-persistent': onOff('keep the access cookie when the browser closes (default off)'),
  'cookie-same-site': {
    type: 'string',
    value: 'lax|strict|none',
    summary: 'SameSite of the access cookie (default lax)',
  },
  'translate-headers': onOff('map Host, Location and cookies to the internal URL (default on)'),
  'validate-certificate': onOff('check the certificate of an https origin (default on)'),
};

/** What the options say, in the words of the API; options that are not given are not there. */
export function readSettings(args: Arguments): Record<string, unknown> {
  const flags = defined({
    httpOnly: readOnOff(args, 'cookie-http-only'),
    persistent: readOnOff(args, 'cookie-persistent'),
    sameSite: readChoice(args, 'cookie-same-site', ['lax', 'strict', 'none']),
  });
  return defined({
    externalUrl: args.text('external-url'),
    backendTimeoutSeconds: readTimeout(args.text('timeout')),
    translateHeaders: readOnOff(args, 'translate-headers'),
    validateBackendCertificate: readOnOff(args, 'validate-certificate'),
    cookieFlags: Object.keys(flags).length === 0 ? undefined : flags,
  });
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

function onOff(summary: string): Option {
  return { type: 'string', value: 'on|off', summary };
}

function readOnOff(args: Arguments, option: string): boolean | undefined {
  const value = readChoice(args, option, ['on', 'off']);
  return value === undefined ? undefined : value === 'on';
}

function readTimeout(value: string | undefined): number | string | undefined {
  return value === undefined || value === 'default' || value === 'long' ? value : readNumber('--timeout', value, 1);
}

function defined(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}
