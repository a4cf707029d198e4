/** What a sealed text is for; one kind can never be used as another. */
export type SealPurpose =
  | 'begin'
  | 'transaction'
  | 'ticket'
  | 'session'
  | 'access'
  | 'portal-form'
  | 'refresh-token'
  | 'origin-secret';

/** Longest sealed text, made or opened, in characters. */
export const MAX_SEALED_LENGTH = 8192;

/**
 * Authenticated encryption of small values that go through browsers: JWE compact, `dir` + A256GCM, header exactly
 * `alg`, `enc`, `kid`; plaintext `{"p": purpose, "e": expiry in epoch seconds, "v": value}`.
 * Implementations pass spec/contracts/sealer.contract.ts and read each other's texts.
 */
export interface Sealer {
  /** Error ERR_AUTH_SEAL_SIZE when the text would be longer than MAX_SEALED_LENGTH. */
  seal(purpose: SealPurpose, value: unknown, ttlSeconds: number): Promise<string>;
  /** The value, or null for anything that is not ours, not whole, of another purpose or expired. Never throws. */
  open(purpose: SealPurpose, text: string): Promise<Opened | null>;
}

export type Opened = { readonly value: unknown; readonly expiresAtMs: number };
