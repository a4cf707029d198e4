import { BUNDLE_HEADER_BYTES } from './frame.ts';
import { BUNDLE_BYTES, KIB, PROTOCOL_VERSION } from './limits.ts';
import type { MessageFraming } from './message-framing.ts';

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
 * where they leave from. A bundle ends when the next packet would lift it above BUNDLE_BYTES, when it has the route's
 * maximum of packets, and at `finish`. One packet alone may be larger.
 *
 * One slab of SLAB_BYTES is written again and again as long as the transport keeps up; while it does not, each full slab
 * is left to it and a new one taken.
 */
export class BundleWriter {
  readonly #framing: MessageFraming;
  #route: BundleRoute | undefined;
  #slab = Buffer.allocUnsafeSlow(0);
  /** Everything before it has been sent. */
  #sent = 0;
  /** Where the open bundle begins and ends. */
  #start = 0;
  #end = 0;
  #packets = 0;
  #bundleId = 0;

  constructor(framing: MessageFraming) {
    this.#framing = framing;
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
    if (this.#packets > 0 && (this.#packets >= route.maxPackets || !this.#hasRoom(bytes))) this.finish();
    if (this.#packets === 0) this.#open(route, bytes);
    const offset = this.#end;
    this.#end += bytes;
    this.#packets++;
    return offset;
  }

  /** End the open bundle. */
  finish(): void {
    if (this.#packets === 0) return;
    this.#packets = 0;
    this.#end = this.#framing.close(this.#slab, this.#start, this.#end);
  }

  /** Send what has been written. */
  flush(): void {
    this.finish();
    if (this.#end > this.#sent) this.#framing.send(this.#slab.subarray(this.#sent, this.#end));
    this.#sent = this.#end;
    if (this.#framing.hasSentAll()) this.#rewind();
  }

  #hasRoom(bytes: number): boolean {
    const end = this.#end + bytes;
    return end - this.#start <= BUNDLE_BYTES && end + this.#framing.tailBytes <= this.#slab.length;
  }

  #open(route: BundleRoute, bytes: number): void {
    const { subject, ingressId } = route;
    this.#bundleId++;
    const reply = route.replyPrefix === undefined ? undefined : route.replyPrefix + this.#bundleId;
    const header = BUNDLE_HEADER_BYTES + ingressId.length;
    const wanted = this.#framing.frontBytes(subject, reply) + header + bytes + this.#framing.tailBytes;
    if (this.#end + wanted > this.#slab.length) this.#takeSlab(wanted);
    this.#start = this.#framing.open(this.#slab, this.#end, subject, reply);
    this.#end = this.#start + header;
    this.#slab[this.#start] = PROTOCOL_VERSION;
    this.#slab[this.#start + 1] = ingressId.length;
    if (ingressId !== '') this.#slab.write(ingressId, this.#start + BUNDLE_HEADER_BYTES, 'latin1');
  }

  #takeSlab(wanted: number): void {
    this.flush();
    if (this.#end === 0 && wanted <= this.#slab.length) return;
    this.#slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, wanted));
    this.#rewind();
  }

  #rewind(): void {
    this.#sent = 0;
    this.#start = 0;
    this.#end = 0;
  }
}
