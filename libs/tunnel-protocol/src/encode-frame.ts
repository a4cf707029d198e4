import type { FieldList, RequestHead } from './channel.ts';
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
  PROTOCOL_VERSION,
} from './limits.ts';
import {
  CANCEL_CODES,
  type CancelPhase,
  type CancelReason,
  PHASE_CODES,
  REFUSE_CODES,
  type RefuseReason,
} from './reasons.ts';

export function writePacketHeader(target: Buffer, sequence: number, flags = 0): number {
  target.writeUInt16BE((PROTOCOL_VERSION << 8) | flags, 0);
  target.writeUInt16BE(0, 2);
  target.writeUInt32BE(sequence, 4);
  return PACKET_HEADER_BYTES;
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

/** The whole first packet of a channel: sequence 0, one OPEN frame. */
export function encodeOpenPacket(open: PreparedOpen, ingressId: string, channelId: string, credit: number): Buffer {
  const texts = ingressId + channelId + open.method + open.target;
  const length = 9 + texts.length + open.metadata.bytes + open.fields.bytes;
  const target = Buffer.allocUnsafe(PACKET_HEADER_BYTES + FRAME_HEADER_BYTES + length);
  let offset = writeFrameHeader(target, writePacketHeader(target, 0), FRAME_OPEN, open.flags, length);
  offset = target.writeUInt32BE(credit, offset);
  target[offset] = ingressId.length;
  target[offset + 1] = channelId.length;
  target[offset + 2] = open.method.length;
  offset = target.writeUInt16BE(open.target.length, offset + 3);
  offset += target.write(texts, offset, 'latin1');
  writeFields(target, writeFields(target, offset, open.metadata), open.fields);
  return target;
}

export function encodeRefusePacket(sequence: number, reason: RefuseReason, text: string): Buffer {
  return encodeEnding(sequence, 0, FRAME_REFUSE, REFUSE_CODES[reason], undefined, text);
}

/** `isReset` marks a CANCEL outside the sequence, for a channel this side does not know (any more). */
export function encodeCancelPacket(
  sequence: number,
  isReset: boolean,
  reason: CancelReason,
  phase: CancelPhase,
  text: string,
): Buffer {
  const flags = isReset ? PACKET_RESET : 0;
  return encodeEnding(sequence, flags, FRAME_CANCEL, CANCEL_CODES[reason], PHASE_CODES[phase], text);
}

function encodeEnding(
  sequence: number,
  packetFlags: number,
  type: number,
  code: number,
  phase: number | undefined,
  text: string,
): Buffer {
  const words = utf8Prefix(text, MAX_TEXT_BYTES);
  const length = 2 + (phase === undefined ? 0 : 1) + words.length;
  const target = Buffer.allocUnsafe(PACKET_HEADER_BYTES + FRAME_HEADER_BYTES + length);
  let offset = writeFrameHeader(target, writePacketHeader(target, sequence, packetFlags), type, 0, length);
  offset = target.writeUInt16BE(code, offset);
  if (phase !== undefined) target[offset++] = phase;
  target.set(words, offset);
  return target;
}

/** At most `maxBytes` of UTF-8, cut before a character that would not fit whole. */
function utf8Prefix(text: string, maxBytes: number): Uint8Array {
  const target = new Uint8Array(maxBytes);
  return target.subarray(0, new TextEncoder().encodeInto(text, target).written);
}
