import type { Arguments, Option } from '../command.ts';
import { usageError } from '../errors.ts';
import type { CliHost } from '../host.ts';
import { kerberosOptions, readKerberos } from './kerberos-settings.ts';
import { readChoice, readNamedFile } from './setting-values.ts';

/** What the sign-in brings to the origin, and who may sign in how. */
export const signOnOptions: Readonly<Record<string, Option>> = {
  'identity-provider': {
    type: 'string',
    value: 'id|default',
    summary: 'identity provider its users sign in with (default: the first one configured)',
  },
  'bearer-tokens': {
    type: 'string',
    value: 'off',
    summary: 'take no access tokens of the identity provider (default)',
  },
  'bearer-audience': {
    type: 'string',
    value: 'audience',
    summary: 'take access tokens for this audience: application ID URI or client id of the app',
  },
  'bearer-scope': { type: 'string', value: 'scope', summary: "scope that a user's access token must have" },
  'bearer-header': {
    type: 'string',
    value: 'authorization|x-sallyport-authorization',
    summary: 'header they come in (default x-sallyport-authorization, and another Authorization reaches the app)',
  },
  'claim-header': {
    type: 'string',
    multiple: true,
    value: 'header=claim',
    summary: 'header from a claim of the user; may be repeated, names all of them; `off` for none',
  },
  'origin-auth': {
    type: 'string',
    value: 'off|basic:<user>|bearer|token-exchange|kerberos',
    summary: 'what stands in Authorization of requests to the app (default off: what the client sent)',
  },
  'origin-secret': {
    type: 'string',
    value: 'file|-',
    summary:
      'with --origin-auth: file with the password, token or client secret, or - for standard input; else it is kept',
  },
  'token-endpoint': {
    type: 'string',
    value: 'url',
    summary: 'with --origin-auth token-exchange: where tokens come from',
  },
  'token-client': {
    type: 'string',
    value: 'id',
    summary: 'with --origin-auth token-exchange: client id of Sallyport there',
  },
  'token-audience': { type: 'string', value: 'audience|off', summary: 'with --origin-auth token-exchange: for whom' },
  'token-scope': { type: 'string', value: 'scope|off', summary: 'with --origin-auth token-exchange: what for' },
  ...kerberosOptions,
};

const TOKEN_OPTIONS = ['token-endpoint', 'token-client', 'token-audience', 'token-scope'] as const;

/** In the words of the API. Reads the secret where one is named. */
export async function readSignOn(
  args: Arguments,
  host: Pick<CliHost, 'cwd' | 'readInput'>,
): Promise<Record<string, unknown>> {
  const provider = args.text('identity-provider');
  const claimHeaders = readClaimHeaders(args.texts('claim-header'));
  const authorization = await readAuthorization(args, host);
  const isSignOnNamed = claimHeaders !== undefined || authorization !== undefined;
  return {
    identityProvider: provider === 'default' ? null : provider,
    bearerTokens: readBearerTokens(args),
    singleSignOn: isSignOnNamed
      ? {
          ...(claimHeaders === undefined ? {} : { claimHeaders }),
          ...(authorization === undefined ? {} : { authorization }),
        }
      : undefined,
  };
}

function readBearerTokens(args: Arguments): Record<string, unknown> | null | undefined {
  const named = {
    audience: args.text('bearer-audience'),
    scope: args.text('bearer-scope'),
    header: readChoice(args, 'bearer-header', ['authorization', 'x-sallyport-authorization']),
  };
  const given = Object.entries(named).filter(([, value]) => value !== undefined);
  const isOff = readChoice(args, 'bearer-tokens', ['off']) === 'off';
  if (isOff && given.length > 0) throw usageError('--bearer-tokens off contradicts the other --bearer options');
  if (isOff) return null;
  return given.length === 0 ? undefined : Object.fromEntries(given);
}

function readClaimHeaders(texts: readonly string[]): readonly unknown[] | undefined {
  if (texts.length === 0) return undefined;
  if (texts.length === 1 && texts[0] === 'off') return [];
  if (texts.includes('off')) throw usageError('--claim-header off contradicts the others');
  return texts.map((text) => {
    const at = text.indexOf('=');
    if (at > 0 && at < text.length - 1) return { header: text.slice(0, at), claim: text.slice(at + 1) };
    throw usageError(`--claim-header ${JSON.stringify(text)}: expected header=claim, such as X-Department=department`);
  });
}

async function readAuthorization(
  args: Arguments,
  host: Pick<CliHost, 'cwd' | 'readInput'>,
): Promise<Record<string, unknown> | null | undefined> {
  const mode = args.text('origin-auth');
  const stray = TOKEN_OPTIONS.find((option) => args.text(option) !== undefined);
  if (stray !== undefined && mode !== 'token-exchange')
    throw usageError(`--${stray} needs --origin-auth token-exchange`);
  const strayOfKerberos = Object.keys(kerberosOptions).find((option) => args.text(option) !== undefined);
  if (strayOfKerberos !== undefined && mode !== 'kerberos')
    throw usageError(`--${strayOfKerberos} needs --origin-auth kerberos`);
  const source = args.text('origin-secret');
  if (source !== undefined && (mode === undefined || mode === 'off'))
    throw usageError('--origin-secret needs --origin-auth basic:<user>, bearer or token-exchange');
  if (mode === 'kerberos' && source !== undefined)
    throw usageError('--origin-secret does not go with --origin-auth kerberos: the keytab lies with the connector');
  if (mode === undefined) return undefined;
  if (mode === 'off') return null;
  if (mode === 'kerberos') return readKerberos(args);
  if (mode === 'bearer') return { kind: 'bearer', ...(await readSecret('token', source, host)) };
  if (mode === 'token-exchange') return readTokenExchange(args, await readSecret('clientSecret', source, host));
  const [, username] = /^basic:(.+)$/s.exec(mode) ?? [];
  // RFC 7617, 2: the first colon ends the user name. Not repeated: what follows is a password most likely.
  if (username?.includes(':'))
    throw usageError('--origin-auth basic:<user>: a user name has no colon; the password comes by --origin-secret');
  if (username !== undefined) return { kind: 'basic', username, ...(await readSecret('password', source, host)) };
  // Not repeated: somebody may have put a password there.
  throw usageError(
    '--origin-auth: expected off, basic:<user>, bearer, token-exchange or kerberos; secrets come by --origin-secret',
  );
}

function readTokenExchange(args: Arguments, secret: Record<string, string>): Record<string, unknown> {
  const [tokenEndpoint, clientId] = [args.text('token-endpoint'), args.text('token-client')];
  if (tokenEndpoint === undefined || clientId === undefined)
    throw usageError('--origin-auth token-exchange needs --token-endpoint and --token-client');
  const orNull = (text: string | undefined) => (text === 'off' ? null : text);
  const more = { audience: orNull(args.text('token-audience')), scope: orNull(args.text('token-scope')) };
  const given = Object.entries(more).filter(([, value]) => value !== undefined);
  return { kind: 'token-exchange', tokenEndpoint, clientId, ...secret, ...Object.fromEntries(given) };
}

/** Never from the command line itself, which other users of the machine can read. The end of the last line, and a byte order mark, are no part of it. */
async function readSecret(
  field: string,
  source: string | undefined,
  host: Pick<CliHost, 'cwd' | 'readInput'>,
): Promise<Record<string, string>> {
  if (source === undefined) return {};
  const text = source === '-' ? await host.readInput() : await readNamedFile('origin-secret', source, host.cwd);
  if (text === undefined)
    throw usageError(
      '--origin-secret - reads standard input, which is a terminal here: pipe the secret in, or name a file',
    );
  const secret = text.replace(/^\ufeff/, '').replace(/\r?\n$/, '');
  if (secret === '') throw usageError(`--origin-secret ${JSON.stringify(source)}: it is empty`);
  return { [field]: secret };
}
