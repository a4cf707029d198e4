import type { NatsConnection } from 'nats';
import type { MessageFraming } from './message-framing.ts';

/**
 * What the client (3.4) keeps inside and this file uses. Its public `publish` copies every message twice, into a new
 * buffer each time: at 100 MB/s that makes V8 collect everything several times a second. A client that has changed is
 * noticed by a spec, and served by `publish`.
 */
type ClientInside = {
  readonly sendCommand: (bytes: Uint8Array) => void;
  readonly flushPending: () => void;
  readonly outbound: { readonly size: () => number };
  /** A new one with every connection to the server. */
  readonly transport: { readonly socket?: { readonly writableLength: number } };
};

const LENGTH_DIGITS = 6;
const CR = 13;
const LF = 10;
const ZERO = 48;

/** Messages as the NATS protocol's PUB, written in place; undefined when the client has changed inside. */
export function natsFraming(connection: NatsConnection, isConnected: () => boolean): MessageFraming | undefined {
  const inside: unknown = 'protocol' in connection ? connection.protocol : undefined;
  if (!isClientInside(inside)) return undefined;
  return {
    frontBytes: (subject, reply) => subject.length + (reply === undefined ? 0 : reply.length + 1) + LENGTH_DIGITS + 7,
    tailBytes: 2,
    open: (target, offset, subject, reply) => {
      const words = reply === undefined ? `PUB ${subject} ` : `PUB ${subject} ${reply} `;
      const digits = offset + target.write(words, offset, 'latin1');
      target[digits + LENGTH_DIGITS] = CR;
      target[digits + LENGTH_DIGITS + 1] = LF;
      return digits + LENGTH_DIGITS + 2;
    },
    close: (target, start, end) => {
      // The server reads leading zeros; the length is only known now, its place had to be reserved.
      let length = end - start;
      for (let place = start - 3; place > start - 3 - LENGTH_DIGITS; place--) {
        target[place] = ZERO + (length % 10);
        length = Math.floor(length / 10);
      }
      target[end] = CR;
      target[end + 1] = LF;
      return end + 2;
    },
    send: (bytes) => {
      // Without a link the client would only keep them until it connects again, and then drop them.
      if (!isConnected()) return;
      inside.sendCommand(bytes);
      inside.flushPending();
    },
    hasSentAll: () => inside.outbound.size() === 0 && inside.transport.socket?.writableLength === 0,
  };
}

function isClientInside(value: unknown): value is ClientInside {
  if (!isObject(value) || !isObject(value.outbound) || !isObject(value.transport)) return false;
  const { socket } = value.transport;
  return (
    typeof value.sendCommand === 'function' &&
    typeof value.flushPending === 'function' &&
    typeof value.outbound.size === 'function' &&
    isObject(socket) &&
    typeof socket.writableLength === 'number'
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
