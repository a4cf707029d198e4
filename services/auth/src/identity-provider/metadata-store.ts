import { createPublicKey } from 'node:crypto';
import { createLocalJWKSet, type JSONWebKeySet } from 'jose';
import { z } from 'zod';
import { IdentityProviderError } from '../errors.ts';
import { KeptMetadata } from './kept-metadata.ts';
import type { ProviderConnection } from './provider-connection.ts';

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

/** The metadata and keys of Entra ID, as passport-azure-ad wants them, kept by the rules of `KeptMetadata`. */
export class MetadataStore {
  readonly #options: MetadataStoreOptions;
  readonly #kept: KeptMetadata<ProviderMetadata>;
  #version = 0;

  constructor(options: MetadataStoreOptions) {
    this.#options = options;
    this.#kept = new KeptMetadata(() => this.#read(), options.nowMs);
  }

  /** Error: IdentityProviderError when there is no copy, or none young enough, and the provider does not give one. */
  get(kid?: string): Promise<ProviderMetadata> {
    return this.#kept.get(kid);
  }

  async #read(): Promise<ProviderMetadata> {
    const { issuer, connection, timeoutMs } = this.#options;
    const signal = AbortSignal.timeout(timeoutMs);
    const answer = await connection.getJson(`${issuer}/.well-known/openid-configuration`, signal);
    const document = metadataDocument.safeParse(answer);
    if (!document.success) throw invalid('its metadata lacks an https endpoint', document.error);
    if (document.data.issuer !== issuer) throw invalid('its metadata names another issuer than the configured one');
    const { keys } = await connection.getJson(document.data.jwks_uri, signal);
    this.#version += 1;
    return toMetadata(document.data, keys, this.#version);
  }
}

function toMetadata(document: z.infer<typeof metadataDocument>, keyList: unknown, version: number): ProviderMetadata {
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
