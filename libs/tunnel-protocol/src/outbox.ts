import type { BundleWriter } from './bundle-writer.ts';
import type { FieldList } from './channel.ts';
import type { ChannelId } from './channel-ids.ts';
import type { CoalescingPublisher, Lane, PacketSource } from './coalescing-publisher.ts';
import {
  headFrameBytes,
  type PreparedHead,
  writeCredit,
  writeFrameHeader,
  writeHead,
  writePacketHeader,
} from './encode-frame.ts';
import { EMPTY_BLOCK, type PreparedBlock, prepareFields, writeFields } from './field-block.ts';
import {
  FRAME_ACCEPT,
  FRAME_DATA,
  FRAME_END,
  FRAME_HEADER_BYTES,
  FRAME_PROBE,
  PACKET_HEADER_BYTES,
  PROBE_ACK,
} from './frame.ts';
import {
  DATA_FRAME_BYTES,
  MAX_FIELD_BLOCK_BYTES,
  MAX_OUTSTANDING_CREDIT_BYTES,
  MAX_PACKET_BYTES,
  MIN_SEND_QUEUE_BYTES,
  SEND_QUEUE_BYTES,
  SEND_QUEUES_BYTES,
} from './limits.ts';
import { SendQueue } from './send-queue.ts';

export type OutboxOwner = {
  /** Room again after `write` answered false. */
  onOutboxDrain(): void;
  /** END has been handed to the transport. */
  onOutboxEnded(): void;
  /** Body bytes, or the end, have been handed to the transport. */
  onOutboxProgress(): void;
};

const NO_HEADS: readonly PreparedHead[] = [];
const NO_CHANNEL: ChannelId = { high: 0, middle: 0, low: 0 };

/**
 * The sending direction of one channel. Collects what the owner wants to say within an event-loop turn and packs it
 * into as few packets as the limits allow: a small response leaves as one packet with HEAD, DATA and END.
 * Holds at most SEND_QUEUE_BYTES plus one chunk of a caller that heeds `write`; less while all outboxes hold much.
 */
export class Outbox implements PacketSource {
  readonly #publisher: CoalescingPublisher;
  readonly #owner: OutboxOwner;
  #queue: SendQueue | undefined;
  #lane: Lane | undefined;
  #channel: ChannelId = NO_CHANNEL;
  #sequence: number;
  #credit: number;
  #isScheduled = false;
  #isClosed = false;
  #mustAccept = false;
  #mustProbe = false;
  #mustAnswerProbe = false;
  #grant = 0;
  #heads: readonly PreparedHead[] = NO_HEADS;
  #isEnding = false;
  #isEnded = false;
  #endsWithHead = false;
  #hasReportedEnd = false;
  #trailers: PreparedBlock = EMPTY_BLOCK;
  #needsDrain = false;

  constructor(publisher: CoalescingPublisher, owner: OutboxOwner, firstSequence: number, credit: number) {
    this.#publisher = publisher;
    this.#owner = owner;
    this.#sequence = firstSequence;
    this.#credit = credit;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  get isEnding(): boolean {
    return this.#isEnding;
  }

  /** Everything the caller gave has left, and it has not ended: the caller's turn. */
  get isWaitingForCaller(): boolean {
    return !this.#isEnding && this.#queuedBytes === 0;
  }

  get nextSequence(): number {
    return this.#sequence;
  }

  /** Nothing leaves before the peer is known. */
  setPeer(lane: Lane, channel: ChannelId): void {
    this.#lane = lane;
    this.#channel = channel;
    this.#schedule();
  }

  accept(): void {
    this.#mustAccept = true;
    this.#schedule();
  }

  grant(bytes: number): void {
    this.#grant += bytes;
    this.#schedule();
  }

  probe(isAnswer: boolean): void {
    if (isAnswer) this.#mustAnswerProbe = true;
    else this.#mustProbe = true;
    this.#schedule();
  }

  head(head: PreparedHead): void {
    this.#heads = this.#heads === NO_HEADS ? [head] : [...this.#heads, head];
    this.#schedule();
  }

  /** The head just given carries the end of the body. */
  endWithHead(): void {
    this.#isEnding = true;
    this.#endsWithHead = true;
  }

  /** This direction ended before it began: OPEN said so. */
  markEnded(): void {
    this.#isEnding = true;
    this.#isEnded = true;
    this.#hasReportedEnd = true;
  }

  write(chunk: Uint8Array): boolean {
    if (this.#isClosed || this.#isEnding) return true;
    this.#queue ??= new SendQueue();
    this.#queue.push(chunk);
    this.#publisher.queuedBytes += chunk.length;
    if (this.#credit > 0) {
      this.#schedule();
      this.#publisher.announce(chunk.length);
    }
    if (this.#queuedBytes < this.#maxQueueBytes()) return true;
    this.#needsDrain = true;
    return false;
  }

  /** False when the trailers cannot be sent; nothing has changed then. */
  end(trailers: FieldList | undefined): boolean {
    if (this.#isClosed || this.#isEnding) return true;
    if (trailers !== undefined && trailers.length > 0) {
      const block = prepareFields(trailers, MAX_FIELD_BLOCK_BYTES);
      if (typeof block === 'string') return false;
      this.#trailers = block;
    }
    this.#isEnding = true;
    this.#schedule();
    return true;
  }

  /** False when the peer's credit would exceed its limit: a protocol violation. */
  credit(bytes: number): boolean {
    if (this.#credit + bytes > MAX_OUTSTANDING_CREDIT_BYTES) return false;
    this.#credit += bytes;
    if (this.#queuedBytes > 0) this.#schedule();
    return true;
  }

  /** Drop what has not left and send `packet` as the last one, when the peer is known. */
  close(packet?: Buffer): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#publisher.queuedBytes -= this.#queuedBytes;
    this.#queue = undefined;
    this.#heads = NO_HEADS;
    if (packet !== undefined) this.#lane?.publish(packet);
  }

  get #queuedBytes(): number {
    return this.#queue === undefined ? 0 : this.#queue.bytes;
  }

  #maxQueueBytes(): number {
    return this.#publisher.queuedBytes < SEND_QUEUES_BYTES ? SEND_QUEUE_BYTES : MIN_SEND_QUEUE_BYTES;
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isClosed || this.#lane === undefined) return;
    this.#isScheduled = true;
    this.#lane.schedule(this);
  }

  flushPackets(bundle: BundleWriter): void {
    this.#isScheduled = false;
    while (!this.#isClosed && this.#writePacket(bundle));
    if (this.#needsDrain && !this.#isClosed && this.#queuedBytes < this.#maxQueueBytes() / 2) {
      this.#needsDrain = false;
      this.#owner.onOutboxDrain();
    }
  }

  /** Write one packet; false when nothing is ready. */
  #writePacket(bundle: BundleWriter): boolean {
    const control = this.#controlBytes();
    let size = PACKET_HEADER_BYTES + control;
    let headCount = 0;
    for (const head of this.#heads) {
      if (headCount > 0 && size + headFrameBytes(head) > MAX_PACKET_BYTES) break;
      size += headFrameBytes(head);
      headCount++;
    }
    const hasAllHeads = headCount === this.#heads.length;
    const room = MAX_PACKET_BYTES - size - FRAME_HEADER_BYTES;
    const data = hasAllHeads ? Math.max(0, Math.min(this.#queuedBytes, this.#credit, DATA_FRAME_BYTES, room)) : 0;
    if (data > 0) size += FRAME_HEADER_BYTES + data;
    const endBytes = FRAME_HEADER_BYTES + (this.#trailers === EMPTY_BLOCK ? 0 : this.#trailers.bytes);
    const ends =
      this.#isEnding &&
      !this.#isEnded &&
      !this.#endsWithHead &&
      hasAllHeads &&
      data === this.#queuedBytes &&
      size + endBytes <= MAX_PACKET_BYTES;
    if (ends) size += endBytes;
    if (size === PACKET_HEADER_BYTES) return false;
    const start = bundle.reserve(size);
    const packet = bundle.target;
    let offset = this.#writeControl(packet, writePacketHeader(packet, start, size, this.#channel, this.#sequence));
    offset = this.#writeHeads(packet, offset, headCount);
    if (data > 0) offset = this.#writeData(packet, offset, data);
    if (ends) this.#writeEnd(packet, offset, endBytes - FRAME_HEADER_BYTES);
    this.#sequence = (this.#sequence + 1) >>> 0;
    if (data > 0 || ends) this.#owner.onOutboxProgress();
    if (this.#endsWithHead && hasAllHeads) this.#isEnded = true;
    if (this.#isEnded && this.#isEnding && !this.#hasReportedEnd) this.#reportEnd();
    return true;
  }

  #reportEnd(): void {
    this.#hasReportedEnd = true;
    this.#owner.onOutboxEnded();
  }

  #controlBytes(): number {
    let bytes = 0;
    // An answer that has begun says more than an acknowledgment.
    if (this.#mustAccept && this.#heads.length > 0) this.#mustAccept = false;
    if (this.#mustAccept) bytes += FRAME_HEADER_BYTES;
    if (this.#grant > 0) bytes += FRAME_HEADER_BYTES + 4;
    if (this.#mustProbe) bytes += FRAME_HEADER_BYTES;
    if (this.#mustAnswerProbe) bytes += FRAME_HEADER_BYTES;
    return bytes;
  }

  #writeControl(packet: Buffer, start: number): number {
    let offset = start;
    if (this.#mustAccept) offset = writeFrameHeader(packet, offset, FRAME_ACCEPT, 0, 0);
    if (this.#grant > 0) offset = writeCredit(packet, offset, this.#grant);
    if (this.#mustProbe) offset = writeFrameHeader(packet, offset, FRAME_PROBE, 0, 0);
    if (this.#mustAnswerProbe) offset = writeFrameHeader(packet, offset, FRAME_PROBE, PROBE_ACK, 0);
    this.#mustAccept = false;
    this.#grant = 0;
    this.#mustProbe = false;
    this.#mustAnswerProbe = false;
    return offset;
  }

  #writeHeads(packet: Buffer, start: number, count: number): number {
    if (count === 0) return start;
    let offset = start;
    for (const head of count === this.#heads.length ? this.#heads : this.#heads.slice(0, count)) {
      offset = writeHead(packet, offset, head);
    }
    this.#heads = count === this.#heads.length ? NO_HEADS : this.#heads.slice(count);
    return offset;
  }

  #writeData(packet: Buffer, start: number, bytes: number): number {
    const offset = writeFrameHeader(packet, start, FRAME_DATA, 0, bytes);
    this.#queue?.moveTo(packet, offset, bytes);
    this.#credit -= bytes;
    this.#publisher.queuedBytes -= bytes;
    return offset + bytes;
  }

  #writeEnd(packet: Buffer, start: number, trailerBytes: number): void {
    const offset = writeFrameHeader(packet, start, FRAME_END, 0, trailerBytes);
    if (trailerBytes > 0) writeFields(packet, offset, this.#trailers);
    this.#isEnded = true;
  }
}
