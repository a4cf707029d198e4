import { SERVICE_TOKEN_PREFIX } from '#libs/contracts';

/** Credentials of a request head, joined by commas where there were several fields of one name. */
export type CredentialFields = {
  /** X-Sallyport-Authorization. */
  readonly credential: string | undefined;
  readonly isCredentialRepeated: boolean;
  readonly authorization: string | undefined;
  readonly isAuthorizationRepeated: boolean;
};

/** What a program brings in place of an access cookie. */
export type PresentedToken =
  | {
      readonly kind: 'token';
      readonly token: string;
      /** The field it came in, lower case: it is not forwarded. */
      readonly header: 'authorization' | 'x-sallyport-authorization';
    }
  /** Meant for us, but no single bearer token (RFC 6750, 2.1). */
  | { readonly kind: 'malformed' };

/** Of `bearerToken` in the contract. */
const MAX_TOKEN_LENGTH = 16_384;
/** RFC 6750, 2.1; the scheme in whatever case (RFC 9110, 11.1). */
const BEARER = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i;
const BEARER_SCHEME = /(?:^|,)[ \t]*bearer(?:[ \t,]|$)/i;
/** Wherever it stands in the value, whatever is around it, and whatever calls itself one of ours as a bearer token. */
const OWN_TOKEN = new RegExp(`${SERVICE_TOKEN_PREFIX}stk_[a-z2-7]{24}_|bearer[ \\t]+"?${SERVICE_TOKEN_PREFIX}`, 'i');
const MALFORMED: PresentedToken = { kind: 'malformed' };

/** Whether a value of Authorization holds a token of ours, which no origin is ever shown. */
export function holdsOwnToken(authorization: string): boolean {
  return OWN_TOKEN.test(authorization);
}

/**
 * X-Sallyport-Authorization is always for us, and so is a service token in Authorization; any other bearer token there is only when the
 * app says so. Two that are for us are none (RFC 6750, 2: a request uses one method). undefined: nothing here is for us.
 */
export function readPresentedToken(fields: CredentialFields, takesAuthorization: boolean): PresentedToken | undefined {
  const { credential, authorization } = fields;
  const isOwn = authorization !== undefined && holdsOwnToken(authorization);
  if (credential !== undefined) {
    if (fields.isCredentialRepeated || isOwn) return MALFORMED;
    return tokenOf(credential, 'x-sallyport-authorization');
  }
  if (authorization === undefined) return undefined;
  if (!isOwn && !(takesAuthorization && BEARER_SCHEME.test(authorization))) return undefined;
  return fields.isAuthorizationRepeated ? MALFORMED : tokenOf(authorization, 'authorization');
}

function tokenOf(value: string, header: 'authorization' | 'x-sallyport-authorization'): PresentedToken {
  const token = BEARER.exec(value)?.[1];
  return token === undefined || token.length > MAX_TOKEN_LENGTH ? MALFORMED : { kind: 'token', token, header };
}
