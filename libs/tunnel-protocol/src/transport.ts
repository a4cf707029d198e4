import type { MessageFraming } from './message-framing.ts';

/**
 * Called for every message, inside the transport's read loop: must not block. A handler never throws; an adapter guards
 * against it nevertheless, because an exception would end the read loop of the NATS client for good.
 * `packet` is a view of the transport's read buffer. It may be kept, but pins the whole buffer (64 KiB) while it is.
 * `status` is set for messages made by the server: 503 means that nobody listens on the subject published to.
 */
export type TransportMessageHandler = (subject: string, packet: Uint8Array, status: number | undefined) => void;

export type TransportSubscription = {
  /** Stop at once; what is still on its way is dropped. Safe to call twice. */
  close(): void;
  /** Take no new messages, deliver those already on their way, then resolve. */
  drain(): Promise<void>;
};

/**
 * The port between the tunnel and what carries it. Core NATS semantics: at most once, in order per publisher and
 * subject path, no backpressure. Implementations: `natsTransport`, and an in-memory one in the specs.
 */
export type TunnelTransport = {
  /** Must not throw. The packet's bytes belong to the transport from now on. */
  publish(subject: string, packet: Uint8Array, reply?: string): void;
  subscribe(
    subject: string,
    options: { readonly queue?: string },
    onMessage: TransportMessageHandler,
  ): TransportSubscription;
  /** Resolves when everything published before has reached the server, or is lost. Not for the byte path. */
  flush?(): Promise<void>;
  /** How to write messages in place; absent: they are published one by one. */
  readonly framing?: MessageFraming;
  /** False while the link to the server is down: accept deadlines then wait. Absent means always true. */
  isConnected?(): boolean;
  /** Which connection this is, counted: the same after an outage means that nothing was lost, only late. Absent: never the same. */
  linkNumber?(): number;
  /** Be told at once when the link goes down and comes up; otherwise it is noticed by the next sweep. */
  onLinkChange?(listener: (isConnected: boolean) => void): void;
};
