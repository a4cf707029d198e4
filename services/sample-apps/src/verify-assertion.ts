import { readFile } from 'node:fs/promises';
import { rootCertificates } from 'node:tls';
import { createRemoteJWKSet, customFetch, errors, type JWTPayload, jwtVerify } from 'jose';
import { Agent, fetch } from 'undici';
import type { SampleAppsConfig } from './config.ts';

export const ASSERTION_HEADER = 'x-sallyport-assertion';
const KEYS_TIMEOUT_MS = 5_000;
/** Keys are asked for again after this long, and at most this often when a key is unknown; milliseconds. */
const KEYS_MAX_AGE_MS = 10 * 60_000;
const KEYS_COOLDOWN_MS = 5_000;
const MAX_ASSERTION_CHARACTERS = 16_384;
/** Seconds the two clocks may differ. */
const CLOCK_TOLERANCE_SECONDS = 30;

/** What an origin can say about the assertion it received. */
export type AssertionVerdict =
  | { readonly status: 'verified'; readonly claims: JWTPayload; readonly keyId: string | undefined }
  | { readonly status: 'absent' }
  | { readonly status: 'invalid'; readonly reason: string }
  | { readonly status: 'unchecked'; readonly reason: string };

export type AssertionVerifier = {
  verify(assertion: string | readonly string[] | undefined): Promise<AssertionVerdict>;
  close(): Promise<void>;
};

/**
 * Verifies the signed identity as any origin can: ES256, keys from the published JWKS, issuer, dates. Plain identity
 * headers prove nothing by themselves; this does.
 */
export async function createAssertionVerifier(config: SampleAppsConfig['assertion']): Promise<AssertionVerifier> {
  const ca = config.caFile === undefined ? undefined : await readFile(config.caFile, 'utf8');
  const agent = new Agent(ca === undefined ? {} : { connect: { ca: [...rootCertificates, ca] } });
  const keys = createRemoteJWKSet(new URL(config.keysUrl), {
    timeoutDuration: KEYS_TIMEOUT_MS,
    cacheMaxAge: KEYS_MAX_AGE_MS,
    cooldownDuration: KEYS_COOLDOWN_MS,
    [customFetch]: async (url, options) => {
      const answer = await fetch(url, {
        dispatcher: agent,
        headers: { accept: 'application/json' },
        redirect: 'error',
        signal: options.signal,
      });
      return new Response(await answer.text(), { status: answer.status });
    },
  });
  return {
    verify: async (assertion) => {
      if (assertion === undefined || assertion === '') return { status: 'absent' };
      if (typeof assertion !== 'string' || assertion.length > MAX_ASSERTION_CHARACTERS)
        return { status: 'invalid', reason: 'not one token of at most 16 KiB' };
      try {
        const { payload, protectedHeader } = await jwtVerify(assertion, keys, {
          algorithms: ['ES256'],
          issuer: config.issuer,
          requiredClaims: ['exp', 'sub', 'aud'],
          clockTolerance: CLOCK_TOLERANCE_SECONDS,
        });
        return { status: 'verified', claims: payload, keyId: protectedHeader.kid };
      } catch (error) {
        return refusal(error);
      }
    },
    close: () => agent.close(),
  };
}

/** A wrong token is the caller's fault; keys that cannot be fetched say nothing about the token. */
function refusal(error: unknown): AssertionVerdict {
  const isAboutToken =
    error instanceof errors.JOSEError &&
    !(error instanceof errors.JWKSTimeout) &&
    error.code !== 'ERR_JOSE_GENERIC' &&
    error.code !== 'ERR_JWKS_INVALID';
  const text = error instanceof Error ? error.message : String(error);
  if (isAboutToken) return { status: 'invalid', reason: text };
  return { status: 'unchecked', reason: `keys could not be fetched: ${text}` };
}
