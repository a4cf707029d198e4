import { type BrokenBundle, BUNDLE_HEADER_BYTES, PACKET_HEADER_BYTES, PACKET_RESET } from './frame.ts';
import { MAX_BUNDLE_BYTES, PROTOCOL_VERSION } from './limits.ts';
import { isSubjectId } from './subjects.ts';

/**
 * Walks the packets of one bundle. Total: any bytes give packets or a problem, nothing throws, and work is bounded by the
 * bundle's length. The fields describe the packet `next` has stepped to; they are views, nothing is copied.
 *
 *     while (reader.next()) receive(reader.sequence, …);
 *     if (reader.problem !== undefined) count(reader.problem);
 */
export class BundleReader {
  readonly source: Buffer;
  /** Who sends; empty where the subject says it. */
  readonly ingressId: string = '';
  isReset = false;
  sequence = 0;
  /** The channel's id: the reader is a ChannelId until the next step. */
  high = 0;
  middle = 0;
  low = 0;
  /** Where the frames of the packet begin and end in `source`. */
  start = 0;
  end: number;
  problem: BrokenBundle | undefined;

  constructor(bytes: Uint8Array) {
    this.source = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.end = bytes.length;
    if (bytes.length < BUNDLE_HEADER_BYTES) this.problem = 'bundle-too-short';
    else if (bytes.length > MAX_BUNDLE_BYTES) this.problem = 'bundle-too-long';
    else if (bytes[0] !== PROTOCOL_VERSION) this.problem = 'unknown-version';
    else {
      this.end = BUNDLE_HEADER_BYTES + this.source.readUInt8(1);
      if (this.end === BUNDLE_HEADER_BYTES) return;
      this.ingressId = this.source.toString('latin1', BUNDLE_HEADER_BYTES, Math.min(this.end, bytes.length));
      if (this.end > bytes.length || !isSubjectId(this.ingressId)) this.problem = 'bad-ingress';
    }
  }

  /** Step to the next packet; false at the end, or where the bundle is broken: `problem` is set then. */
  next(): boolean {
    const offset = this.end;
    const left = this.source.length - offset;
    if (left === 0 || this.problem !== undefined) return false;
    if (left < PACKET_HEADER_BYTES) return this.#break();
    const first = this.source.readUInt32BE(offset);
    this.start = offset + PACKET_HEADER_BYTES;
    this.end = this.start + (first & 0xff_ffff);
    if (this.end > this.source.length) return this.#break();
    this.isReset = ((first >>> 24) & PACKET_RESET) !== 0;
    this.sequence = this.source.readUInt32BE(offset + 4);
    this.high = this.source.readInt32BE(offset + 8);
    this.middle = this.source.readInt32BE(offset + 12);
    this.low = this.source.readUInt16BE(offset + 16);
    return true;
  }

  #break(): boolean {
    this.problem = 'packet-truncated';
    return false;
  }
}
