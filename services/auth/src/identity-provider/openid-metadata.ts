import { createPublicKey } from 'node:crypto';
import { createLocalJWKSet, type JSONWebKeySet, type JWK } from 'jose';
import { z } from 'zod';
import { IdentityProviderError } from '../errors.ts';
import type { ProviderConnection } from './provider-connection.ts';

/** Signatures taken, whatever the provider lists: never one with a shared secret, never none. */
export const SIGNATURE_ALGORITHMS = ['RS256', 'PS256', 'ES256'];
/** Signing keys taken from the provider; the rest is ignored. */
const MAX_KEYS = 50;
const MIN_RSA_BITS = 2048;

const httpsUrl = z.url({ protocol: /^https$/ }).max(2048);
const names = z.array(z.string().max(200)).max(200);
/** OpenID Connect Discovery 1.0, 3; what is not here is not looked at. */
const metadataDocument = z.object({
  issuer: z.string().max(2048),
  authorization_endpoint: httpsUrl,
  token_endpoint: httpsUrl,
  jwks_uri: httpsUrl,
  userinfo_endpoint: httpsUrl.optional(),
  end_session_endpoint: httpsUrl.optional(),
  id_token_signing_alg_values_supported: names.optional(),
  token_endpoint_auth_methods_supported: names.optional(),
  scopes_supported: names.optional(),
  claims_parameter_supported: z.boolean().optional(),
  authorization_response_iss_parameter_supported: z.boolean().optional(),
});
export type OpenidMetadataDocument = z.infer<typeof metadataDocument>;

const keyId = z.string().min(1).max(200).optional();
const rsaKey = z.object({
  kty: z.literal('RSA'),
  kid: keyId,
  n: z.string().max(1400),
  e: z.string().max(16),
  use: z.literal('sig').optional(),
  alg: z.enum(['RS256', 'PS256']).optional(),
});
const ecKey = z.object({
  kty: z.literal('EC'),
  kid: keyId,
  crv: z.literal('P-256'),
  x: z.string().max(64),
  y: z.string().max(64),
  use: z.literal('sig').optional(),
  alg: z.literal('ES256').optional(),
});
const signingKey = z.discriminatedUnion('kty', [rsaKey, ecKey]);

export type OpenidMetadata = {
  readonly document: OpenidMetadataDocument;
  readonly hasKey: (keyId: string) => boolean;
  /** Key resolver for jose. */
  readonly keys: ReturnType<typeof createLocalJWKSet>;
};

/** Both documents, read and checked. Error: IdentityProviderError. */
export async function readOpenidMetadata(
  connection: ProviderConnection,
  issuer: string,
  signal: AbortSignal,
): Promise<OpenidMetadata> {
  const answer = await connection.getJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, signal);
  const document = metadataDocument.safeParse(answer);
  if (!document.success)
    throw invalid(`its metadata is wrong at ${document.error.issues[0]?.path[0]?.toString() ?? '?'}`, document.error);
  if (document.data.issuer !== issuer) throw invalid('its metadata names another issuer than the configured one');
  const { keys } = await connection.getJson(document.data.jwks_uri, signal);
  return { document: document.data, ...readKeys(keys) };
}

/** Public parts of good keys alone: whatever else a provider publishes by mistake goes no further. */
function readKeys(list: unknown): Pick<OpenidMetadata, 'hasKey' | 'keys'> {
  const set: JSONWebKeySet = { keys: [] };
  for (const candidate of Array.isArray(list) ? list.slice(0, MAX_KEYS) : []) {
    const key = signingKey.safeParse(candidate);
    if (key.success && isUsable(key.data)) set.keys.push(toJwk(key.data));
  }
  if (set.keys.length === 0) throw invalid('it publishes no usable signing key');
  const ids = new Set(set.keys.map(({ kid }) => kid));
  return { hasKey: (id) => ids.has(id), keys: createLocalJWKSet(set) };
}

function toJwk(key: z.infer<typeof signingKey>): JWK {
  return Object.fromEntries(Object.entries(key).filter(([, value]) => value !== undefined)) as JWK;
}

function isUsable(key: z.infer<typeof signingKey>): boolean {
  try {
    const { asymmetricKeyDetails } = createPublicKey({ key: toJwk(key), format: 'jwk' });
    return key.kty === 'EC' || (asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS;
  } catch {
    // A key OpenSSL refuses is no key; the others may be good.
    return false;
  }
}

function invalid(what: string, cause?: unknown): IdentityProviderError {
  const sentence = `The identity provider answered nonsense: ${what}.`;
  return new IdentityProviderError('identity-provider-answer-invalid', sentence, cause);
}
