import type { TunnelTransport } from './transport.ts';

/**
 * How messages are laid down in a buffer in the form they leave in, so that nothing copies them on the way. One message
 * is open at a time.
 */
export type MessageFraming = {
  /** Bytes needed in front of a message with this subject and reply subject. */
  frontBytes(subject: string, reply: string | undefined): number;
  /** Bytes needed behind any message. */
  readonly tailBytes: number;
  /** Write what stands in front of a message; returns where the message itself begins. */
  open(target: Buffer, offset: number, subject: string, reply: string | undefined): number;
  /** The message stands from `start` to `end`: complete it; returns the offset behind. */
  close(target: Buffer, start: number, end: number): number;
  /** Send complete messages, back to back. Must not throw. */
  send(bytes: Uint8Array): void;
  /** True when the bytes of all that was sent have left the process: their buffers may be written again. */
  hasSentAll(): boolean;
};

/** For transports without a framing of their own: every message is published by itself. */
export function plainFraming(transport: TunnelTransport): MessageFraming {
  let subject = '';
  let reply: string | undefined;
  return {
    frontBytes: () => 0,
    tailBytes: 0,
    open: (_target, offset, toSubject, replySubject) => {
      subject = toSubject;
      reply = replySubject;
      return offset;
    },
    close: (target, start, end) => {
      transport.publish(subject, target.subarray(start, end), reply);
      return end;
    },
    send: () => undefined,
    hasSentAll: () => false,
  };
}
