import { setImmediate as nextTurn } from 'node:timers/promises';
import { openSocket } from '../../services/ingress/support/http-client.ts';
import type { IngressRig } from '../../services/ingress/support/ingress-rig.ts';

const DEADLINE_MS = 3_000;
const CLOSES = /^connection: close\r$/im;

export type RawAnswer = {
  /** Everything that came back, latin1. */
  readonly text: string;
  /** Status of each answer that is not interim, in their order. */
  readonly statuses: readonly number[];
  /** True when the ingress ended the connection before the deadline (3 s) or before `isEnough`. */
  readonly isClosed: boolean;
};

/**
 * Sends bytes no client library would send, whole or in pieces, and reads until the ingress closes, `isEnough` holds or
 * 3 s are over.
 */
export async function exchangeRaw(
  rig: IngressRig,
  bytes: string,
  options: { readonly pieceBytes?: number; readonly isEnough?: (text: string) => boolean } = {},
): Promise<RawAnswer> {
  const socket = await openSocket(rig);
  let text = '';
  let isClosed = false;
  const ended = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, DEADLINE_MS);
    const finish = () => {
      clearTimeout(timer);
      resolve();
    };
    socket.on('error', () => undefined);
    socket.on('end', () => {
      isClosed = true;
      finish();
    });
    socket.on('close', () => {
      isClosed = true;
      finish();
    });
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (options.isEnough?.(text)) finish();
    });
  });
  const data = Buffer.from(bytes, 'latin1');
  const piece = options.pieceBytes ?? data.length;
  // Who goes on sending after an answer that closes may lose it to a reset (RFC 9112, 9.6).
  for (let at = 0; at < data.length && socket.writable && !CLOSES.test(text); at += piece) {
    socket.write(data.subarray(at, at + piece));
    if (piece < data.length) await nextTurn();
  }
  await ended;
  socket.destroy();
  return { text, statuses: statusesOf(text), isClosed };
}

function statusesOf(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => Number(match[1])).filter((status) => status >= 200);
}
