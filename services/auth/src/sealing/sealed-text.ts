import { z } from 'zod';
import { sealSizeError } from '../errors.ts';
import { MAX_SEALED_LENGTH, type Opened, type SealPurpose } from './sealer.ts';

const header = z.strictObject({ alg: z.literal('dir'), enc: z.literal('A256GCM'), kid: z.string().min(1).max(64) });
const content = z.strictObject({ p: z.string(), e: z.number().int(), v: z.unknown() });
const SHAPE = /^[\w-]{1,200}\.\.[\w-]{16}\.[\w-]+\.[\w-]{22}$/;

/** The part of both sealers that is no cryptography: shape, header, purpose, expiry, size. */
export function encodeContent(purpose: SealPurpose, value: unknown, ttlSeconds: number, nowMs: number): string {
  return JSON.stringify({ p: purpose, e: Math.floor(nowMs / 1000) + ttlSeconds, v: value });
}

export function requireSealedSize(purpose: SealPurpose, text: string): string {
  if (text.length > MAX_SEALED_LENGTH) throw sealSizeError(purpose, MAX_SEALED_LENGTH);
  return text;
}

/** The key id of a text that has our shape and exactly our header (no `zip`, no `crit`), else null. */
export function readKeyId(text: unknown): string | null {
  if (typeof text !== 'string' || text.length > MAX_SEALED_LENGTH || !SHAPE.test(text)) return null;
  const parsed = header.safeParse(
    parseJson(Buffer.from(text.slice(0, text.indexOf('.')), 'base64url').toString('utf8')),
  );
  return parsed.success ? parsed.data.kid : null;
}

export function decodeContent(purpose: SealPurpose, plaintext: string, nowMs: number): Opened | null {
  const parsed = content.safeParse(parseJson(plaintext));
  if (!parsed.success || parsed.data.p !== purpose) return null;
  const expiresAtMs = parsed.data.e * 1000;
  return expiresAtMs > nowMs ? { value: parsed.data.v, expiresAtMs } : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON is an answer here: null fits no schema.
    return null;
  }
}
