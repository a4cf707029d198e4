import { type BundleRoute, BundleWriter } from './bundle-writer.ts';
import { COALESCE_BYTES, MAX_BUNDLE_BYTES } from './limits.ts';
import { plainFraming } from './message-framing.ts';
import type { TunnelTransport } from './transport.ts';

/** Something that has packets to send on one lane and is asked for them once per event-loop turn. */
export type PacketSource = {
  /** Write what is ready. May schedule other sources, and on other lanes. Must not throw. */
  flushPackets(bundle: BundleWriter): void;
};

/** Lanes remembered; at the bound all are forgotten, and made again as they are used. */
export const MAX_LANES = 4_096;

/** To one peer: packets share bundles without bound in number. */
export function peerRoute(subject: string, replyPrefix?: string): BundleRoute {
  return { subject, ingressId: '', maxPackets: MAX_BUNDLE_BYTES, replyPrefix };
}

/** All that goes to one peer, or to one group. */
export class Lane {
  readonly route: BundleRoute;
  readonly #publisher: CoalescingPublisher;
  #sources: PacketSource[] = [];
  #packets: Uint8Array[] = [];
  #isWaiting = false;

  constructor(publisher: CoalescingPublisher, route: BundleRoute) {
    this.#publisher = publisher;
    this.route = route;
  }

  /** A finished packet, in order among those given here; it leaves before what sources write. */
  publish(packet: Uint8Array): void {
    this.#packets.push(packet);
    this.#wait(packet.length);
  }

  /** Ask `source` for its packets at the end of the turn; call once until it is asked. */
  schedule(source: PacketSource, bytes = 0): void {
    this.#sources.push(source);
    this.#wait(bytes);
  }

  flush(bundle: BundleWriter): void {
    this.#isWaiting = false;
    const packets = this.#packets;
    const sources = this.#sources;
    if (packets.length > 0) this.#packets = [];
    this.#sources = [];
    bundle.begin(this.route);
    for (const packet of packets) {
      const offset = bundle.reserve(packet.length);
      bundle.target.set(packet, offset);
    }
    for (const source of sources) source.flushPackets(bundle);
    bundle.finish();
  }

  #wait(bytes: number): void {
    const isNew = !this.#isWaiting;
    this.#isWaiting = true;
    this.#publisher.announce(bytes, isNew ? this : undefined);
  }
}

/**
 * Collects the packets of one event-loop turn and publishes them in the check phase: those for one peer share messages,
 * and the NATS client, which flushes once per microtask, writes them to the socket with one system call. At
 * COALESCE_BYTES of announced bytes it publishes at once.
 */
export class CoalescingPublisher {
  readonly #transport: TunnelTransport;
  readonly #maxBytes: number;
  readonly #writer: BundleWriter;
  readonly #lanes = new Map<string, Lane>();
  /** One number for all that leaves together. */
  turn = 0;
  /** Bytes of bodies that wait for credit or for the end of the turn, of all sources; they keep it. */
  queuedBytes = 0;
  #waiting: Lane[] = [];
  #pendingBytes = 0;
  #isFlushing = false;
  #immediate: NodeJS.Immediate | undefined;

  constructor(transport: TunnelTransport, maxBytes: number = COALESCE_BYTES) {
    this.#transport = transport;
    this.#maxBytes = maxBytes;
    this.#writer = new BundleWriter(transport.framing ?? plainFraming(transport));
  }

  /** The lane known as `key`, if it is: see `addLane`. */
  lane(key: string): Lane | undefined {
    return this.#lanes.get(key);
  }

  addLane(key: string, route: BundleRoute): Lane {
    if (this.#lanes.size >= MAX_LANES) this.#lanes.clear();
    const lane = new Lane(this, route);
    this.#lanes.set(key, lane);
    return lane;
  }

  /** A message that is no bundle, at once. */
  publishMessage(subject: string, payload: Uint8Array): void {
    this.#transport.publish(subject, payload);
  }

  /** Something on a lane has got `bytes` more to send; `lane` is given when it was empty. */
  announce(bytes: number, lane?: Lane): void {
    if (lane !== undefined) this.#waiting.push(lane);
    this.#pendingBytes += bytes;
    if (this.#isFlushing) return;
    if (this.#pendingBytes >= this.#maxBytes) this.flush();
    else this.#immediate ??= setImmediate(this.#onImmediate);
  }

  readonly #onImmediate = (): void => this.flush();

  flush(): void {
    if (this.#isFlushing) return;
    if (this.#immediate !== undefined) clearImmediate(this.#immediate);
    this.#immediate = undefined;
    this.#isFlushing = true;
    this.turn++;
    try {
      // Sources scheduled by a callback during this flush are served in it: their credit bounds how often.
      while (this.#waiting.length > 0) {
        const waiting = this.#waiting;
        this.#waiting = [];
        for (const lane of waiting) lane.flush(this.#writer);
      }
      this.#writer.flush();
    } finally {
      this.#pendingBytes = 0;
      this.#isFlushing = false;
    }
  }
}
