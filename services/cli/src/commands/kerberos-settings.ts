import type { Arguments, Option } from '../command.ts';
import { usageError } from '../errors.ts';
import { readChoice } from './setting-values.ts';

/** Beside `--origin-auth kerberos`. */
export const kerberosOptions: Readonly<Record<string, Option>> = {
  spn: {
    type: 'string',
    value: 'name',
    summary: "with --origin-auth kerberos: the app's service principal name, such as HTTP/wiki.corp.example",
  },
  'delegated-login': {
    type: 'string',
    value: 'upn|user-part|claim:<name>',
    summary: 'with --origin-auth kerberos: what the domain knows people by (default upn: their user name)',
  },
  'kerberos-realm': {
    type: 'string',
    value: 'realm|default',
    summary: "with --origin-auth kerberos: realm of the users (default: that of the connector's host)",
  },
  'kerberos-mechanism': {
    type: 'string',
    value: 'spnego|kerberos',
    summary: 'with --origin-auth kerberos: wrapped as browsers do, or the bare ticket (default spnego)',
  },
};

/** In the words of the API; what is not named stays, or has its default. */
export function readKerberos(args: Arguments): Record<string, unknown> {
  const realm = args.text('kerberos-realm');
  const more = {
    servicePrincipalName: args.text('spn'),
    ...readLogin(args.text('delegated-login')),
    realm: realm === 'default' ? null : realm,
    mechanism: readChoice(args, 'kerberos-mechanism', ['spnego', 'kerberos']),
  };
  return { kind: 'kerberos', ...Object.fromEntries(Object.entries(more).filter(([, value]) => value !== undefined)) };
}

function readLogin(text: string | undefined): Record<string, unknown> {
  if (text === undefined) return {};
  if (text === 'upn' || text === 'user-part') return { delegatedLogin: text, claim: null };
  const [, claim] = /^claim:(.+)$/s.exec(text) ?? [];
  if (claim !== undefined) return { delegatedLogin: 'claim', claim };
  throw usageError(`--delegated-login ${JSON.stringify(text)}: expected upn, user-part or claim:<name>`);
}
