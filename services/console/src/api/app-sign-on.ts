import { z } from 'zod';
import {
  type AppSettings,
  type BearerTokens,
  bearerTokens,
  claimHeader,
  identityProviders,
  type KerberosAuthorization,
  MAX_CLAIM_HEADERS,
  MAX_ORIGIN_SECRET_CHARACTERS,
  type OriginAuthorization,
  originAuthorization,
  SEALED,
  type SingleSignOn,
  sealSecret,
} from '#libs/contracts';
import { parseUrl } from '#libs/urls';
import { refuseRequest } from '../errors.ts';
import { contextOf } from './commands.ts';
import type { Backbone, Call } from './route.ts';

const CONTROL = /\p{Cc}/u;
const password = z
  .string()
  .min(1)
  .max(MAX_ORIGIN_SECRET_CHARACTERS)
  .refine((text) => !CONTROL.test(text), 'expected one line without control characters')
  .optional();
// A header field takes nothing else; the length is that of a field with its scheme.
const token = z
  .string()
  .max(MAX_ORIGIN_SECRET_CHARACTERS)
  .regex(/^[\x21-\x7e]+$/, 'expected visible ASCII without blanks')
  .optional();

/** RFC 6749, A.2. */
const clientSecret = z
  .string()
  .max(MAX_ORIGIN_SECRET_CHARACTERS)
  .regex(/^[\x20-\x7e]+$/, 'expected printable ASCII')
  .optional();

const [basic, bearer, tokenExchange, kerberos] = originAuthorization.options;
const { tokenEndpoint, clientId, audience, scope, kind } = tokenExchange.shape;

/** Secrets are write-only: absent, or as they are shown (`(sealed)`), they stay what they are. */
export const givenAuthorization = z.discriminatedUnion('kind', [
  z.strictObject({ kind: basic.shape.kind, username: basic.shape.username, password }),
  z.strictObject({ kind: bearer.shape.kind, token }),
  z.strictObject({
    kind,
    tokenEndpoint,
    clientId,
    clientSecret,
    audience: audience.optional(),
    scope: scope.optional(),
  }),
  z.strictObject({ ...kerberos.partial().shape, kind: kerberos.shape.kind }),
]);
type GivenAuthorization = z.infer<typeof givenAuthorization>;

export const givenSingleSignOn = z.strictObject({
  claimHeaders: z.array(claimHeader.strict()).max(MAX_CLAIM_HEADERS).optional(),
  authorization: givenAuthorization.nullable().optional(),
});
export const givenBearerTokens = bearerTokens.partial().strict();

/** What the API takes of the three settings, each absent where it is not spoken of. */
export type GivenSignOn = {
  readonly bearerTokens?: z.infer<typeof givenBearerTokens> | null | undefined;
  readonly identityProvider?: string | null | undefined;
  readonly singleSignOn?: z.infer<typeof givenSingleSignOn> | undefined;
};
type SignOnSettings = Partial<Pick<AppSettings, 'bearerTokens' | 'identityProvider' | 'singleSignOn'>>;

/** Whether what is given is a change against what stands now. */
export function isPartialSignOn({ bearerTokens: tokens, singleSignOn }: GivenSignOn): boolean {
  return singleSignOn !== undefined || (tokens !== undefined && tokens !== null);
}

/**
 * The settings as a command has them: secrets sealed by auth, parts that are not named as they stand. Errors: ERR_APP_SETTING, and
 * what asking auth throws.
 */
export async function completeSignOn(
  { backbone, call }: { readonly backbone: Backbone; readonly call: Call },
  given: GivenSignOn,
  now: Pick<AppSettings, 'bearerTokens' | 'singleSignOn'>,
): Promise<SignOnSettings> {
  const { bearerTokens: tokens, identityProvider, singleSignOn } = given;
  if (typeof identityProvider === 'string') await requireProvider(backbone, identityProvider);
  const seal = async (text: string) => (await backbone.ask(sealSecret, { ...contextOf(call), secret: text })).sealed;
  return {
    ...(tokens === undefined ? {} : { bearerTokens: tokens && completeBearerTokens(tokens, now.bearerTokens) }),
    ...(identityProvider === undefined ? {} : { identityProvider }),
    ...(singleSignOn === undefined
      ? {}
      : { singleSignOn: await completeSingleSignOn(singleSignOn, now.singleSignOn, seal) }),
  };
}

async function requireProvider(backbone: Backbone, id: string): Promise<void> {
  const known = (await backbone.ask(identityProviders, {})).providers.map((provider) => provider.id);
  if (known.includes(id)) return;
  throw refuseRequest(
    'ERR_APP_SETTING',
    `identityProvider ${JSON.stringify(id)} is not configured: expected ${known.join(', ')}, or null for the first`,
    { field: 'identityProvider', value: id, known: known.join(', ') },
  );
}

function completeBearerTokens(given: z.infer<typeof givenBearerTokens>, now: BearerTokens | null): BearerTokens {
  const { audience: aud = now?.audience, scope: scp = now?.scope } = given;
  const header = given.header ?? now?.header ?? 'x-sallyport-authorization';
  if (aud !== undefined && scp !== undefined) return { audience: aud, scope: scp, header };
  throw missing(aud === undefined ? 'bearerTokens.audience' : 'bearerTokens.scope', 'name both, audience and scope');
}

async function completeSingleSignOn(
  given: z.infer<typeof givenSingleSignOn>,
  now: SingleSignOn,
  seal: (text: string) => Promise<string>,
): Promise<SingleSignOn> {
  const { claimHeaders = now.claimHeaders, authorization } = given;
  if (authorization === undefined) return { claimHeaders, authorization: now.authorization };
  return { claimHeaders, authorization: authorization && (await sealed(authorization, now.authorization, seal)) };
}

/** A secret stays only with whom it was given for: not with another user name or client, and never for another address. */
async function sealed(
  given: GivenAuthorization,
  now: OriginAuthorization | null,
  seal: (text: string) => Promise<string>,
): Promise<OriginAuthorization> {
  const orKept = async (field: string, text: string | undefined, kept: string | undefined): Promise<string> => {
    if (text !== undefined && text !== SEALED) return seal(text);
    if (kept !== undefined) return kept;
    throw missing(`singleSignOn.authorization.${field}`, 'give it: there is none for this kind, name and address yet');
  };
  switch (given.kind) {
    case 'basic': {
      const { kind: is, username } = given;
      const kept = now?.kind === is && now.username === username ? now.sealedPassword : undefined;
      return { kind: is, username, sealedPassword: await orKept('password', given.password, kept) };
    }
    case 'bearer': {
      const kept = now?.kind === given.kind ? now.sealedToken : undefined;
      return { kind: given.kind, sealedToken: await orKept('token', given.token, kept) };
    }
    case 'token-exchange': {
      const { clientSecret: text, ...rest } = given;
      const same = now?.kind === given.kind ? now : undefined;
      const isSame = same?.clientId === rest.clientId && hrefOf(same.tokenEndpoint) === hrefOf(rest.tokenEndpoint);
      const kept = isSame ? same.sealedClientSecret : undefined;
      const sealedClientSecret = await orKept('clientSecret', text, kept);
      const { audience: aud = same?.audience ?? null, scope: scp = same?.scope ?? null } = rest;
      return { ...rest, audience: aud, scope: scp, sealedClientSecret };
    }
    case 'kerberos':
      return completeKerberos(given, now?.kind === given.kind ? now : undefined);
    default:
      return given satisfies never;
  }
}

/** What is not named stays. A claim that is named for the first time, or no more, says which login is meant. */
function completeKerberos(
  given: Extract<GivenAuthorization, { kind: 'kerberos' }>,
  now: KerberosAuthorization | undefined,
): KerberosAuthorization {
  const { kind: is, servicePrincipalName = now?.servicePrincipalName, realm = now?.realm ?? null } = given;
  if (servicePrincipalName === undefined)
    throw missing(
      'singleSignOn.authorization.servicePrincipalName',
      'name the account of the origin, such as HTTP/host',
    );
  const delegatedLogin = given.delegatedLogin ?? (given.claim ? 'claim' : (now?.delegatedLogin ?? 'upn'));
  const claim = delegatedLogin === 'claim' ? (given.claim ?? now?.claim ?? null) : (given.claim ?? null);
  const mechanism = given.mechanism ?? now?.mechanism ?? 'spnego';
  return { kind: is, servicePrincipalName, delegatedLogin, claim, realm, mechanism };
}

function hrefOf(url: string): string {
  return parseUrl(url)?.href ?? url;
}

function missing(field: string, remedy: string): Error {
  return refuseRequest('ERR_APP_SETTING', `${field} is missing: ${remedy}`, { field, remedy });
}
