import { createPublicKey } from 'node:crypto';
import { createLocalJWKSet, type JSONWebKeySet } from 'jose';
import { z } from 'zod';
import { IdentityProviderError } from '../errors.ts';
import type { ProviderConnection } from './provider-connection.ts';

/** Milliseconds after which the provider's metadata and keys are read again (Microsoft advises one hour). */
export const METADATA_TTL_MS = 3_600_000;
/** Milliseconds a copy serves while the provider does not answer; beyond, sign-ins fail. */
export const METADATA_MAX_STALE_MS = 24 * 3_600_000;
/** Least milliseconds between reads caused by an unknown key id: anybody can send one. */
export const UNKNOWN_KEY_REFRESH_MS = 300_000;
/** Least milliseconds between attempts while the provider fails. */
export const RETRY_MS = 1_000;
/** Signing keys taken from the provider; the rest is ignored. */
const MAX_KEYS = 50;

const httpsUrl = z.url({ protocol: /^https$/ }).max(2048);
const metadataDocument = z.object({
  issuer: z.string().max(2048),
  authorization_endpoint: httpsUrl,
  token_endpoint: httpsUrl,
  jwks_uri: httpsUrl,
  end_session_endpoint: httpsUrl.optional(),
});
const rsaKey = z.object({
  kty: z.literal('RSA'),
  kid: z.string().min(1).max(200),
  n: z.string().min(340).max(1400),
  e: z.string().max(16),
  use: z.literal('sig').optional(),
});

export type ProviderMetadata = {
  /** Grows with every read; part of the cache key passport-azure-ad keeps for itself. */
  readonly version: number;
  readonly readAtMs: number;
  readonly endSessionEndpoint: string | null;
  readonly hasKey: (kid: string) => boolean;
  /** Key resolver for jose. */
  readonly keys: ReturnType<typeof createLocalJWKSet>;
  /** What passport-azure-ad asks of its Metadata object; algorithms are pinned, whatever the provider lists. */
  readonly oidc: {
    readonly algorithms: readonly ['RS256'];
    readonly issuer: string;
    readonly authorization_endpoint: string;
    readonly token_endpoint: string;
  };
  readonly generateOidcPEM: (kid: string) => string;
  readonly fetch: (callback: () => void) => void;
};

export type MetadataStoreOptions = {
  readonly issuer: string;
  readonly connection: ProviderConnection;
  readonly timeoutMs: number;
  readonly nowMs?: () => number;
};

/**
 * The provider's metadata and keys: one read in flight; a copy past its time serves at once while one read runs behind
 * it; an unknown key id waits for one read, seldom.
 */
export class MetadataStore {
  readonly #options: MetadataStoreOptions;
  readonly #nowMs: () => number;
  #current: ProviderMetadata | undefined;
  #inFlight: Promise<ProviderMetadata> | undefined;
  #attemptedAtMs = Number.NEGATIVE_INFINITY;
  #failure: unknown;

  constructor(options: MetadataStoreOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? Date.now;
  }

  /** Error: IdentityProviderError when there is no copy, or none young enough, and the provider does not give one. */
  async get(kid?: string): Promise<ProviderMetadata> {
    const current = this.#current;
    if (current === undefined) return this.#refresh();
    const ageMs = this.#nowMs() - current.readAtMs;
    if (ageMs > METADATA_MAX_STALE_MS) return this.#refresh();
    const sinceAttemptMs = this.#nowMs() - this.#attemptedAtMs;
    if (kid !== undefined && !current.hasKey(kid) && sinceAttemptMs >= UNKNOWN_KEY_REFRESH_MS) {
      // The copy in hand still answers (it will not know the key) when the provider does not.
      return this.#refresh().catch(() => current);
    }
    if (ageMs > METADATA_TTL_MS) this.#refresh().catch(() => undefined);
    return current;
  }

  #refresh(): Promise<ProviderMetadata> {
    if (this.#inFlight !== undefined) return this.#inFlight;
    if (this.#failure !== undefined && this.#nowMs() - this.#attemptedAtMs < RETRY_MS)
      return Promise.reject(this.#failure);
    this.#attemptedAtMs = this.#nowMs();
    this.#inFlight = this.#read()
      .then(
        (metadata) => {
          this.#failure = undefined;
          this.#current = metadata;
          return metadata;
        },
        (failure: unknown) => {
          this.#failure = failure;
          throw failure;
        },
      )
      .finally(() => {
        this.#inFlight = undefined;
      });
    return this.#inFlight;
  }

  async #read(): Promise<ProviderMetadata> {
    const { issuer, connection, timeoutMs } = this.#options;
    const signal = AbortSignal.timeout(timeoutMs);
    const answer = await connection.getJson(`${issuer}/.well-known/openid-configuration`, signal);
    const document = metadataDocument.safeParse(answer);
    if (!document.success) throw invalid('its metadata lacks an https endpoint', document.error);
    if (document.data.issuer !== issuer) throw invalid('its metadata names another issuer than the configured one');
    const { keys } = await connection.getJson(document.data.jwks_uri, signal);
    return toMetadata(document.data, keys, (this.#current?.version ?? 0) + 1, this.#nowMs());
  }
}

function toMetadata(
  document: z.infer<typeof metadataDocument>,
  keyList: unknown,
  version: number,
  readAtMs: number,
): ProviderMetadata {
  const pems = new Map<string, string>();
  const jwks: JSONWebKeySet = { keys: [] };
  for (const candidate of Array.isArray(keyList) ? keyList.slice(0, MAX_KEYS) : []) {
    const key = rsaKey.safeParse(candidate);
    if (!key.success) continue;
    const { kty, kid, n, e } = key.data;
    try {
      pems.set(
        kid,
        createPublicKey({ key: { kty, n, e }, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString(),
      );
      jwks.keys.push({ kty, kid, n, e, alg: 'RS256', use: 'sig' });
    } catch {
      // A key OpenSSL refuses is no key; the others may be good.
    }
  }
  if (pems.size === 0) throw invalid('it publishes no usable RSA signing key');
  const { issuer, authorization_endpoint, token_endpoint } = document;
  return {
    version,
    readAtMs,
    endSessionEndpoint: document.end_session_endpoint ?? null,
    hasKey: (kid) => pems.has(kid),
    keys: createLocalJWKSet(jwks),
    oidc: { algorithms: ['RS256'], issuer, authorization_endpoint, token_endpoint },
    generateOidcPEM: (kid) => {
      const pem = pems.get(kid);
      if (pem === undefined) throw new Error('unknown key id');
      return pem;
    },
    fetch: (callback) => callback(),
  };
}

function invalid(what: string, cause?: unknown): IdentityProviderError {
  return new IdentityProviderError(
    'identity-provider-answer-invalid',
    `The identity provider answered nonsense: ${what}.`,
    cause,
  );
}
