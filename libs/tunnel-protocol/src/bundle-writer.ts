import { BUNDLE_HEADER_BYTES } from './frame.ts';
import { BUNDLE_BYTES, KIB, PROTOCOL_VERSION } from './limits.ts';
import type { TunnelTransport } from './transport.ts';

const SLAB_BYTES = 64 * KIB;

/** Where bundles go, and what they look like. */
export type BundleRoute = {
  readonly subject: string;
  /** The sender, where the subject does not name it; else empty. */
  readonly ingressId: string;
  /** Packets of one bundle at most. */
  readonly maxPackets: number;
  /** Subject, up to its last token, where the server says that nobody listens; undefined: nobody wants to know. */
  readonly replyPrefix: string | undefined;
};

/**
 * Writes packets of many channels into as few messages as the bounds allow, in place: a packet's bytes are laid down
 * where they leave from. A bundle is sent when the next packet would lift it above BUNDLE_BYTES, when it has the route's
 * maximum of packets, and at `finish`. One packet alone may be larger.
 */
export class BundleWriter {
  readonly #transport: TunnelTransport;
  #route: BundleRoute | undefined;
  #slab = Buffer.allocUnsafeSlow(0);
  #start = 0;
  #end = 0;
  #packets = 0;
  #bundleId = 0;

  constructor(transport: TunnelTransport) {
    this.#transport = transport;
  }

  /** Where the packet that was reserved last has to be written. */
  get target(): Buffer {
    return this.#slab;
  }

  /** The bundle the packet that was reserved last lies in: last token of its reply subject. */
  get bundleId(): number {
    return this.#bundleId;
  }

  begin(route: BundleRoute): void {
    this.#route = route;
  }

  /** Room for one packet of exactly `bytes`, which the caller must fill at once; returns its offset in `target`. */
  reserve(bytes: number): number {
    const route = this.#route;
    if (route === undefined) throw new RangeError('a packet needs a route');
    const isFull = this.#end - this.#start + bytes > BUNDLE_BYTES || this.#end + bytes > this.#slab.length;
    if (this.#packets > 0 && (isFull || this.#packets >= route.maxPackets)) this.finish();
    if (this.#packets === 0) this.#open(route, bytes);
    const offset = this.#end;
    this.#end += bytes;
    this.#packets++;
    return offset;
  }

  /** Send what has been written. */
  finish(): void {
    const route = this.#route;
    if (this.#packets === 0 || route === undefined) return;
    const reply = route.replyPrefix === undefined ? undefined : route.replyPrefix + this.#bundleId;
    this.#packets = 0;
    const bundle = this.#slab.subarray(this.#start, this.#end);
    this.#start = this.#end;
    this.#transport.publish(route.subject, bundle, reply);
  }

  #open(route: BundleRoute, bytes: number): void {
    this.#bundleId++;
    const { ingressId } = route;
    const wanted = BUNDLE_HEADER_BYTES + ingressId.length + bytes;
    if (this.#end + wanted > this.#slab.length) {
      this.#slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, wanted));
      this.#end = 0;
    }
    this.#start = this.#end;
    this.#slab[this.#end++] = PROTOCOL_VERSION;
    this.#slab[this.#end++] = ingressId.length;
    if (ingressId !== '') this.#end += this.#slab.write(ingressId, this.#end, 'latin1');
  }
}
