import { readFields } from './field-block.ts';
import {
  FIRST_OPTIONAL_TYPE,
  FRAME_ACCEPT,
  FRAME_CANCEL,
  FRAME_CREDIT,
  FRAME_DATA,
  FRAME_END,
  FRAME_HEAD,
  FRAME_HEADER_BYTES,
  FRAME_OPEN,
  FRAME_PROBE,
  FRAME_REFUSE,
  type Frame,
  HEAD_END,
  HEAD_UPGRADED,
  type MalformedReason,
  OPEN_EMPTY,
  OPEN_END,
  OPEN_UPGRADE,
  PROBE_ACK,
} from './frame.ts';
import {
  MAX_DATA_BYTES,
  MAX_FIELD_BLOCK_BYTES,
  MAX_METADATA_BYTES,
  MAX_METHOD_BYTES,
  MAX_OUTSTANDING_CREDIT_BYTES,
  MAX_TARGET_BYTES,
  MAX_TEXT_BYTES,
} from './limits.ts';
import { cancelReasonOf, phaseOf, refuseReasonOf } from './reasons.ts';

/**
 * Decode the frames of one packet. Total: any bytes give frames or a reason, nothing throws, and work and memory are
 * bounded by the packet's length. DATA payloads are views of `source`.
 */
export function decodeFrames(source: Buffer, begin: number, limit: number): Frame[] | MalformedReason {
  if (begin === limit) return 'no-frame';
  const frames: Frame[] = [];
  let offset = begin;
  while (offset < limit) {
    if (limit - offset < FRAME_HEADER_BYTES) return 'frame-truncated';
    const type = source.readUInt8(offset);
    const start = offset + FRAME_HEADER_BYTES;
    const end = start + source.readUInt32BE(offset + 2);
    if (end > limit) return 'frame-truncated';
    if (type < FIRST_OPTIONAL_TYPE) {
      const frame = decodeFrame(type, source.readUInt8(offset + 1), source, start, end);
      if (typeof frame === 'string') return frame;
      frames.push(frame);
    }
    offset = end;
  }
  return frames;
}

const ACCEPT: Frame = { type: 'accept' };
const PROBE: Frame = { type: 'probe', isAck: false };
const PROBE_ANSWER: Frame = { type: 'probe', isAck: true };
const END_WITHOUT_TRAILERS: Frame = { type: 'end', trailers: [] };

function decodeFrame(type: number, flags: number, source: Buffer, start: number, end: number): Frame | MalformedReason {
  switch (type) {
    case FRAME_OPEN:
      return decodeOpen(flags, source, start, end);
    case FRAME_HEAD:
      return decodeHead(flags, source, start, end);
    case FRAME_DATA:
      if (end === start || end - start > MAX_DATA_BYTES) return 'bad-data';
      return { type: 'data', bytes: source.subarray(start, end) };
    case FRAME_END:
      return decodeEnd(source, start, end);
    case FRAME_CREDIT:
      return decodeCredit(source, start, end);
    case FRAME_ACCEPT:
      return start === end ? ACCEPT : 'bad-length';
    case FRAME_PROBE:
      if (start !== end) return 'bad-length';
      return (flags & PROBE_ACK) === 0 ? PROBE : PROBE_ANSWER;
    case FRAME_REFUSE:
      if (end - start < 2 || end - start > 2 + MAX_TEXT_BYTES) return 'bad-refuse';
      return {
        type: 'refuse',
        reason: refuseReasonOf(source.readUInt16BE(start)),
        text: textOf(source, start + 2, end),
      };
    case FRAME_CANCEL:
      if (end - start < 3 || end - start > 3 + MAX_TEXT_BYTES) return 'bad-cancel';
      return {
        type: 'cancel',
        reason: cancelReasonOf(source.readUInt16BE(start)),
        phase: phaseOf(source.readUInt8(start + 2)),
        text: textOf(source, start + 3, end),
      };
    default:
      return 'unknown-frame';
  }
}

/** Explanations are for logs: what is not UTF-8 is replaced, control characters become spaces. */
function textOf(source: Buffer, start: number, end: number): string {
  return source.toString('utf8', start, end).replace(/[\p{Cc}\u2028\u2029]/gu, ' ');
}

function decodeCredit(source: Buffer, start: number, end: number): Frame | MalformedReason {
  if (end - start !== 4) return 'bad-credit';
  const bytes = source.readUInt32BE(start);
  return bytes === 0 || bytes > MAX_OUTSTANDING_CREDIT_BYTES ? 'bad-credit' : { type: 'credit', bytes };
}

function decodeEnd(source: Buffer, start: number, end: number): Frame | MalformedReason {
  if (start === end) return END_WITHOUT_TRAILERS;
  const block = readFields(source, start, end, MAX_FIELD_BLOCK_BYTES, 'latin1');
  return block === undefined || block.end !== end ? 'bad-fields' : { type: 'end', trailers: block.list };
}

function decodeHead(flags: number, source: Buffer, start: number, end: number): Frame | MalformedReason {
  if (end - start < 4) return 'bad-head';
  const status = source.readUInt16BE(start);
  if (status < 100 || status > 999) return 'bad-head';
  const block = readFields(source, start + 2, end, MAX_FIELD_BLOCK_BYTES, 'latin1');
  if (block === undefined || block.end !== end) return 'bad-fields';
  return {
    type: 'head',
    isEnd: (flags & HEAD_END) !== 0,
    isUpgraded: (flags & HEAD_UPGRADED) !== 0,
    status,
    fields: block.list,
  };
}

const OPEN_FIXED_BYTES = 7;
const METHOD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const TARGET = /^[\x21-\x7e\x80-\xff]+$/;

/** Credit u32, method length u8, target length u16, the two texts, two blocks. */
function decodeOpen(flags: number, source: Buffer, start: number, end: number): Frame | MalformedReason {
  if (end - start < OPEN_FIXED_BYTES) return 'bad-open';
  const credit = source.readUInt32BE(start);
  if (credit > MAX_OUTSTANDING_CREDIT_BYTES) return 'bad-credit';
  const methodAt = start + OPEN_FIXED_BYTES;
  const targetAt = methodAt + source.readUInt8(start + 4);
  const blocksAt = targetAt + source.readUInt16BE(start + 5);
  if (blocksAt > end || targetAt - methodAt > MAX_METHOD_BYTES || blocksAt - targetAt > MAX_TARGET_BYTES) {
    return 'bad-open';
  }
  const texts = source.toString('latin1', methodAt, blocksAt);
  const method = texts.slice(0, targetAt - methodAt);
  const target = texts.slice(targetAt - methodAt);
  if (!METHOD.test(method) || !TARGET.test(target)) return 'bad-open';
  const metadata = readFields(source, blocksAt, end, MAX_METADATA_BYTES, 'utf8');
  if (metadata === undefined) return 'bad-fields';
  const fields = readFields(source, metadata.end, end, MAX_FIELD_BLOCK_BYTES, 'latin1');
  if (fields === undefined || fields.end !== end) return 'bad-fields';
  return {
    type: 'open',
    isComplete: (flags & OPEN_END) !== 0,
    isUpgrade: (flags & OPEN_UPGRADE) !== 0,
    isEmpty: (flags & OPEN_EMPTY) !== 0,
    credit,
    method,
    target,
    metadata: metadata.list,
    fields: fields.list,
  };
}
