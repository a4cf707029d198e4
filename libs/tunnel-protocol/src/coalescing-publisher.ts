import { COALESCE_BYTES } from './limits.ts';
import type { TunnelTransport } from './transport.ts';

/** Something that has packets to send and is asked for them once per event-loop turn. */
export type PacketSource = {
  /** Publish what is ready. May schedule other sources. Must not throw. */
  flushPackets(): void;
};

/**
 * Collects the packets of one event-loop turn and publishes them together in the check phase, so that the NATS client,
 * which flushes once per microtask, writes them to the socket with one system call. At COALESCE_BYTES of announced
 * bytes it publishes at once.
 */
export class CoalescingPublisher {
  readonly #transport: TunnelTransport;
  readonly #maxBytes: number;
  /** Bytes of bodies that wait for credit or for the end of the turn, of all sources; they keep it. */
  queuedBytes = 0;
  #sources: PacketSource[] = [];
  #ready: { subject: string; packet: Uint8Array; reply: string | undefined }[] = [];
  #pendingBytes = 0;
  #isFlushing = false;
  #immediate: NodeJS.Immediate | undefined;

  constructor(transport: TunnelTransport, maxBytes: number = COALESCE_BYTES) {
    this.#transport = transport;
    this.#maxBytes = maxBytes;
  }

  /** A finished packet, in order among those given here. */
  publish(subject: string, packet: Uint8Array, reply?: string): void {
    this.#ready.push({ subject, packet, reply });
    this.#announce(packet.length);
  }

  /** Ask `source` for its packets at the end of the turn; call once until it is asked. */
  schedule(source: PacketSource): void {
    this.#sources.push(source);
    this.#announce(0);
  }

  /** A scheduled source has got `bytes` more to send. */
  announce(bytes: number): void {
    this.#announce(bytes);
  }

  /** For a source, while it is being flushed. */
  send(subject: string, packet: Uint8Array): void {
    this.#transport.publish(subject, packet);
  }

  #announce(bytes: number): void {
    this.#pendingBytes += bytes;
    if (this.#isFlushing) return;
    if (this.#pendingBytes >= this.#maxBytes) this.flush();
    else this.#immediate ??= setImmediate(() => this.flush());
  }

  flush(): void {
    if (this.#isFlushing) return;
    if (this.#immediate !== undefined) clearImmediate(this.#immediate);
    this.#immediate = undefined;
    this.#isFlushing = true;
    try {
      // Sources scheduled by a callback during this flush are served in it: their credit bounds how often.
      while (this.#ready.length > 0 || this.#sources.length > 0) this.#flushOnce();
    } finally {
      this.#pendingBytes = 0;
      this.#isFlushing = false;
    }
  }

  #flushOnce(): void {
    const ready = this.#ready;
    const sources = this.#sources;
    this.#ready = [];
    this.#sources = [];
    for (const { subject, packet, reply } of ready) this.#transport.publish(subject, packet, reply);
    for (const source of sources) source.flushPackets();
  }
}
