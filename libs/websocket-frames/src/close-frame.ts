import { randomBytes } from 'node:crypto';

/** RFC 6455, 7.4.1: a server that goes down. */
export const CLOSE_GOING_AWAY = 1001;
/** RFC 6455, 7.4.1: something unexpected keeps the server from going on. */
export const CLOSE_INTERNAL_ERROR = 1011;
/** IANA registry of close codes: what serves is restarted, connecting again is worth it. */
export const CLOSE_SERVICE_RESTART = 1012;

const FINAL_CLOSE = 0x88;
const MASKED = 0x80;
const MASK_BYTES = 4;
/** RFC 6455, 5.5: a control frame has at most 125 bytes, of which the code takes two. */
const MAX_REASON_BYTES = 123;

/** A close frame of a server, or of a client, which must mask (RFC 6455, 5.3). `reason` is ASCII; what is too long of it is left out. */
export function closeFrame(from: 'server' | 'client', code: number, reason = ''): Buffer {
  const payload = Buffer.alloc(2 + Math.min(reason.length, MAX_REASON_BYTES));
  payload.writeUInt16BE(code, 0);
  payload.write(reason.slice(0, MAX_REASON_BYTES), 2, 'latin1');
  if (from === 'server') return Buffer.concat([Buffer.of(FINAL_CLOSE, payload.length), payload]);
  const mask = randomBytes(MASK_BYTES);
  for (let i = 0; i < payload.length; i += 1) payload[i] = (payload[i] ?? 0) ^ (mask[i % MASK_BYTES] ?? 0);
  return Buffer.concat([Buffer.of(FINAL_CLOSE, MASKED | payload.length), mask, payload]);
}
