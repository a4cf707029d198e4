import type { Arguments, Option } from '../command.ts';
import { usageError } from '../errors.ts';
import type { CliHost } from '../host.ts';
import { corsOptions, readCorsRules } from './cors-settings.ts';
import { originOptions, readOrigin } from './origin-settings.ts';
import { onOff, readChoice, readNumber, readOffOr, readOnOff } from './setting-values.ts';
import { readSignOn, signOnOptions } from './sign-on-settings.ts';

/** Options of `publish` and `apps change` for what an admin decides about an app. */
export const settingOptions: Readonly<Record<string, Option>> = {
  'external-url': {
    type: 'string',
    value: 'url',
    summary: 'where users come (default: the name under the domain); https://*.apps.example.com for a wildcard',
  },
  'alternate-host': {
    type: 'string',
    multiple: true,
    value: 'host',
    summary: 'one more host that leads to the app; may be repeated, names all of them; `none` for none',
  },
  segment: {
    type: 'string',
    multiple: true,
    value: 'external=internal',
    summary: 'publish this part of a wildcard alone; may be repeated, names all of them; `all` for the whole wildcard',
  },
  group: { type: 'string', value: 'group', summary: 'connector group that serves it (default: default)' },
  timeout: { type: 'string', value: 'seconds', summary: 'backend timeout: 1 to 3600, default (85) or long (180)' },
  'idle-timeout': {
    type: 'string',
    value: 'seconds',
    summary: 'WebSockets and answers without a byte for so long end: 10 to 86400 (default 18000)',
  },
  'cookie-http-only': onOff('keep the access cookie from scripts (default on)'),
  'cookie-persistent': onOff('keep the access cookie when the browser closes (default off)'),
  'cookie-same-site': {
    type: 'string',
    value: 'lax|strict|none',
    summary: 'SameSite of the access cookie (default lax)',
  },
  'translate-headers': onOff('map Host, Location and cookies to the internal URL (default on)'),
  'translate-links': onOff('map links in HTML and CSS too (default off)'),
  hsts: {
    type: 'string',
    value: 'on|off|seconds',
    summary: 'tell browsers to use https only (default on, a year; off under localhost)',
  },
  'hsts-subdomains': onOff('with --hsts: for all names below the host too (default off)'),
  ...corsOptions,
  'session-affinity': onOff('keep a user session on one connector (default off)'),
  websocket: onOff('let WebSockets through (default on)'),
  grpc: onOff('let gRPC through (default on)'),
  'max-body': {
    type: 'string',
    value: 'bytes|off',
    summary: 'longest request body, such as 1048576, 10MiB or 2GiB (default off)',
  },
  ...originOptions,
  ...signOnOptions,
};

const HSTS_YEAR_SECONDS = 31_536_000;
const UNITS: Readonly<Record<string, number>> = { '': 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** What the options say, in the words of the API; options that are not given are not there. Reads files they name. */
export async function readSettings(
  args: Arguments,
  host: Pick<CliHost, 'cwd' | 'readInput'>,
): Promise<Record<string, unknown>> {
  const flags = defined({
    httpOnly: readOnOff(args, 'cookie-http-only'),
    persistent: readOnOff(args, 'cookie-persistent'),
    sameSite: readChoice(args, 'cookie-same-site', ['lax', 'strict', 'none']),
  });
  return defined({
    externalUrl: args.text('external-url'),
    alternateHosts: readList(args, 'alternate-host', 'none', (host) => host, []),
    segments: readList(args, 'segment', 'all', readSegment, null),
    backendTimeoutSeconds: readTimeout(args.text('timeout')),
    idleTimeoutSeconds: readNumber('--idle-timeout', args.text('idle-timeout'), 1),
    cookieFlags: Object.keys(flags).length === 0 ? undefined : flags,
    translateHeaders: readOnOff(args, 'translate-headers'),
    translateBodyLinks: readOnOff(args, 'translate-links'),
    hsts: readHsts(args),
    corsRules: await readCorsRules(args, host.cwd),
    sessionAffinity: readOnOff(args, 'session-affinity'),
    allowWebSocket: readOnOff(args, 'websocket'),
    allowGrpc: readOnOff(args, 'grpc'),
    maxRequestBodyBytes: readOffOr(args, 'max-body', readBytes),
    ...(await readOrigin(args, host.cwd)),
    ...(await readSignOn(args, host)),
  });
}

function readTimeout(value: string | undefined): number | string | undefined {
  return value === undefined || value === 'default' || value === 'long' ? value : readNumber('--timeout', value, 1);
}

function readSegment(text: string): { readonly externalUrl: string; readonly internalUrl: string } {
  const at = text.indexOf('=');
  if (at > 0) return { externalUrl: text.slice(0, at), internalUrl: text.slice(at + 1) };
  throw usageError(`--segment ${JSON.stringify(text)}: expected external=internal, two URLs`);
}

function readHsts(args: Arguments): unknown {
  const value = args.text('hsts');
  const includeSubDomains = readOnOff(args, 'hsts-subdomains');
  if (value === undefined && includeSubDomains !== undefined)
    throw usageError('--hsts-subdomains needs --hsts beside it');
  if (value === undefined) return undefined;
  if (value === 'off') return null;
  const maxAgeSeconds = value === 'on' ? HSTS_YEAR_SECONDS : readNumber('--hsts', value);
  return { maxAgeSeconds, includeSubDomains: includeSubDomains ?? false };
}

function readBytes(text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,12})(KiB|MiB|GiB)?$/.exec(text) ?? [];
  if (digits !== '') return Number(digits) * (UNITS[unit] ?? 1);
  throw usageError(`--max-body ${JSON.stringify(text)}: expected bytes such as 1048576, 10MiB or 2GiB, or off`);
}

/** A repeated option as a list; one word stands for `nothing`. */
function readList<T, N>(
  args: Arguments,
  option: string,
  word: string,
  read: (text: string) => T,
  nothing: N,
): readonly T[] | N | undefined {
  const texts = args.texts(option);
  if (texts.length === 0) return undefined;
  if (!texts.includes(word)) return texts.map(read);
  if (texts.length === 1) return nothing;
  throw usageError(`--${option} ${word} contradicts the others`);
}

function defined(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}
