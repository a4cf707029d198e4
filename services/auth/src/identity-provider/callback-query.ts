import { IdentityProviderError } from '../errors.ts';
import { refusedByProvider } from './openid-client-calls.ts';

const MAX_PARAMETER_LENGTH = 8192;
const PRINTABLE = /^[\x20-\x7e]*$/;
const PARAMETERS = ['code', 'state', 'error', 'error_description', 'error_uri', 'iss', 'session_state'];
/** Answers of other flows: tokens in the address, and signed answers (JARM), which were not asked for. */
const FORBIDDEN = ['id_token', 'access_token', 'refresh_token', 'token', 'response'];

export type CallbackQuery = Readonly<Record<string, unknown>>;

/**
 * The code of an answer the browser brought (RFC 6749, 4.1.2; RFC 9207), of this sign-in and this issuer. Parameters nobody knows are
 * left alone. Error: IdentityProviderError.
 */
export function codeOfCallback(
  query: CallbackQuery,
  expected: { readonly state: string; readonly issuer: string; readonly isIssuerRequired: boolean },
): string {
  if (query.state !== expected.state)
    throw new IdentityProviderError(
      'state-mismatch',
      'The answer of the identity provider belongs to another sign-in.',
    );
  for (const name of FORBIDDEN)
    if (query[name] !== undefined) throw invalid(`carries ${name}, which was not asked for`);
  for (const name of PARAMETERS) {
    const value = query[name];
    if (value === undefined) continue;
    if (typeof value !== 'string' || value.length > MAX_PARAMETER_LENGTH || !PRINTABLE.test(value))
      throw invalid(`carries ${name} in a shape that is not allowed`);
  }
  const { iss, error, code } = query;
  if (iss === undefined && expected.isIssuerRequired) throw invalid('does not name its issuer');
  if (iss !== undefined && iss !== expected.issuer) throw invalid('comes from another issuer');
  if (error !== undefined) throw refusedByProvider(typeof error === 'string' ? error : '');
  if (typeof code !== 'string' || code === '') throw invalid('carries no code');
  return code;
}

function invalid(what: string): IdentityProviderError {
  return new IdentityProviderError(
    'sign-in-response-invalid',
    `The answer brought from the identity provider ${what}.`,
  );
}
