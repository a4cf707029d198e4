import type { FieldList, RequestHead } from './channel.ts';
import { type ChannelId, writeChannelId } from './channel-ids.ts';
import {
  EMPTY_BLOCK,
  type FieldProblem,
  type PreparedBlock,
  prepareFields,
  prepareMetadata,
  writeFields,
} from './field-block.ts';
import {
  FRAME_CANCEL,
  FRAME_CREDIT,
  FRAME_HEAD,
  FRAME_HEADER_BYTES,
  FRAME_OPEN,
  FRAME_REFUSE,
  HEAD_END,
  HEAD_UPGRADED,
  PACKET_HEADER_BYTES,
  PACKET_RESET,
} from './frame.ts';
import {
  MAX_FIELD_BLOCK_BYTES,
  MAX_METADATA_BYTES,
  MAX_METHOD_BYTES,
  MAX_TARGET_BYTES,
  MAX_TEXT_BYTES,
} from './limits.ts';
import {
  CANCEL_CODES,
  type CancelPhase,
  type CancelReason,
  PHASE_CODES,
  REFUSE_CODES,
  type RefuseReason,
} from './reasons.ts';

/** `bytes` is the length of the whole packet; returns the offset of its first frame. */
export function writePacketHeader(
  target: Buffer,
  offset: number,
  bytes: number,
  channel: ChannelId,
  sequence: number,
  flags = 0,
): number {
  target.writeUInt32BE(((flags << 24) | (bytes - PACKET_HEADER_BYTES)) >>> 0, offset);
  target.writeUInt32BE(sequence, offset + 4);
  return writeChannelId(target, offset + 8, channel);
}

export function writeFrameHeader(target: Buffer, offset: number, type: number, flags: number, length: number): number {
  target[offset] = type;
  target[offset + 1] = flags;
  target.writeUInt32BE(length, offset + 2);
  return offset + FRAME_HEADER_BYTES;
}

export type PreparedHead = { readonly status: number; readonly flags: number; readonly block: PreparedBlock };

export function prepareHead(
  status: number,
  fields: FieldList,
  isEnd: boolean,
  isUpgraded: boolean,
): PreparedHead | FieldProblem {
  const block = prepareFields(fields, MAX_FIELD_BLOCK_BYTES);
  if (typeof block === 'string') return block;
  return { status, flags: (isEnd ? HEAD_END : 0) | (isUpgraded ? HEAD_UPGRADED : 0), block };
}

export function headFrameBytes(head: PreparedHead): number {
  return FRAME_HEADER_BYTES + 2 + head.block.bytes;
}

export function writeHead(target: Buffer, offset: number, head: PreparedHead): number {
  const start = writeFrameHeader(target, offset, FRAME_HEAD, head.flags, 2 + head.block.bytes);
  return writeFields(target, target.writeUInt16BE(head.status, start), head.block);
}

export function writeCredit(target: Buffer, offset: number, bytes: number): number {
  return target.writeUInt32BE(bytes, writeFrameHeader(target, offset, FRAME_CREDIT, 0, 4));
}

const METHOD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const TARGET = /^[\x21-\x7e\x80-\xff]+$/;

export type PreparedOpen = {
  readonly method: string;
  readonly target: string;
  readonly metadata: PreparedBlock;
  readonly fields: PreparedBlock;
  readonly flags: number;
};

export function prepareOpen(
  head: RequestHead,
  metadata: FieldList | undefined,
  flags: number,
): PreparedOpen | FieldProblem {
  if (head.method.length > MAX_METHOD_BYTES || head.target.length > MAX_TARGET_BYTES) return 'too-large';
  if (!METHOD.test(head.method) || !TARGET.test(head.target)) return 'forbidden-character';
  const fields = prepareFields(head.fields, MAX_FIELD_BLOCK_BYTES);
  if (typeof fields === 'string') return fields;
  const meta = metadata === undefined ? EMPTY_BLOCK : prepareMetadata(metadata, MAX_METADATA_BYTES);
  if (typeof meta === 'string') return meta;
  return { method: head.method, target: head.target, metadata: meta, fields, flags };
}

export function openPacketBytes({ method, target, metadata, fields }: PreparedOpen): number {
  const length = 7 + method.length + target.length + metadata.bytes + fields.bytes;
  return PACKET_HEADER_BYTES + FRAME_HEADER_BYTES + length;
}

/** The whole first packet of a channel: sequence 0, one OPEN frame. */
export function writeOpenPacket(
  target: Buffer,
  start: number,
  open: PreparedOpen,
  channel: ChannelId,
  credit: number,
): void {
  const bytes = openPacketBytes(open);
  const length = bytes - PACKET_HEADER_BYTES - FRAME_HEADER_BYTES;
  let offset = writePacketHeader(target, start, bytes, channel, 0);
  offset = target.writeUInt32BE(credit, writeFrameHeader(target, offset, FRAME_OPEN, open.flags, length));
  target[offset] = open.method.length;
  offset = target.writeUInt16BE(open.target.length, offset + 1);
  offset += target.write(open.method + open.target, offset, 'latin1');
  writeFields(target, writeFields(target, offset, open.metadata), open.fields);
}

export function encodeRefusePacket(channel: ChannelId, sequence: number, reason: RefuseReason, text: string): Buffer {
  return encodeEnding(channel, sequence, 0, FRAME_REFUSE, REFUSE_CODES[reason], undefined, text);
}

export function encodeCancelPacket(
  channel: ChannelId,
  sequence: number,
  reason: CancelReason,
  phase: CancelPhase,
  text: string,
): Buffer {
  return encodeEnding(channel, sequence, 0, FRAME_CANCEL, CANCEL_CODES[reason], PHASE_CODES[phase], text);
}

/** A CANCEL outside the sequence, for a channel this side does not know (any more). */
export function encodeResetPacket(channel: ChannelId, reason: CancelReason): Buffer {
  const code = CANCEL_CODES[reason];
  return encodeEnding(channel, 0, PACKET_RESET, FRAME_CANCEL, code, PHASE_CODES['origin-contacted'], '');
}

function encodeEnding(
  channel: ChannelId,
  sequence: number,
  packetFlags: number,
  type: number,
  code: number,
  phase: number | undefined,
  text: string,
): Buffer {
  const words = utf8Prefix(text, MAX_TEXT_BYTES);
  const length = 2 + (phase === undefined ? 0 : 1) + words.length;
  const bytes = PACKET_HEADER_BYTES + FRAME_HEADER_BYTES + length;
  const target = Buffer.allocUnsafe(bytes);
  let offset = writePacketHeader(target, 0, bytes, channel, sequence, packetFlags);
  offset = target.writeUInt16BE(code, writeFrameHeader(target, offset, type, 0, length));
  if (phase !== undefined) target[offset++] = phase;
  target.set(words, offset);
  return target;
}

/** At most `maxBytes` of UTF-8, cut before a character that would not fit whole. */
function utf8Prefix(text: string, maxBytes: number): Uint8Array {
  const target = new Uint8Array(maxBytes);
  return target.subarray(0, new TextEncoder().encodeInto(text, target).written);
}
