import type { FieldList } from './channel.ts';
import type { CancelPhase, CancelReason, RefuseReason } from './reasons.ts';

/** Bundle header: version u8, length of the ingress id u8, then the ingress id. */
export const BUNDLE_HEADER_BYTES = 2;
/** Packet header: flags u8, length of the frames u24, sequence u32 BE, channel id of ten bytes. */
export const PACKET_HEADER_BYTES = 18;
/** Frame header: type u8, flags u8, payload length u32 BE. */
export const FRAME_HEADER_BYTES = 6;

/** Packet flag: outside the sequence, carries one CANCEL, never answered. */
export const PACKET_RESET = 0x01;

export const FRAME_OPEN = 0x01;
export const FRAME_ACCEPT = 0x02;
export const FRAME_REFUSE = 0x03;
export const FRAME_HEAD = 0x04;
export const FRAME_DATA = 0x05;
export const FRAME_END = 0x06;
export const FRAME_CREDIT = 0x07;
export const FRAME_CANCEL = 0x08;
export const FRAME_PROBE = 0x09;
/** Types from here on are optional extensions: a receiver that does not know them skips them. */
export const FIRST_OPTIONAL_TYPE = 0x80;

export const OPEN_END = 0x01;
export const OPEN_UPGRADE = 0x02;
export const OPEN_EMPTY = 0x04;
export const HEAD_END = 0x01;
export const HEAD_UPGRADED = 0x02;
export const PROBE_ACK = 0x01;

export type OpenFrame = {
  readonly type: 'open';
  /** The request is complete: no body, no confirmation needed. */
  readonly isComplete: boolean;
  readonly isUpgrade: boolean;
  /** No body will come, but the END that confirms the dispatch will. */
  readonly isEmpty: boolean;
  readonly credit: number;
  readonly method: string;
  readonly target: string;
  readonly metadata: FieldList;
  readonly fields: FieldList;
};

export type HeadFrame = {
  readonly type: 'head';
  readonly isEnd: boolean;
  readonly isUpgraded: boolean;
  readonly status: number;
  readonly fields: FieldList;
};

export type Frame =
  | OpenFrame
  | HeadFrame
  | { readonly type: 'accept' }
  | { readonly type: 'refuse'; readonly reason: RefuseReason; readonly text: string }
  | { readonly type: 'data'; readonly bytes: Buffer }
  | { readonly type: 'end'; readonly trailers: FieldList }
  | { readonly type: 'credit'; readonly bytes: number }
  | { readonly type: 'cancel'; readonly reason: CancelReason; readonly phase: CancelPhase; readonly text: string }
  | { readonly type: 'probe'; readonly isAck: boolean };

/** Whether the sender asks if this side still has the channel. */
export function hasProbe(frames: readonly Frame[]): boolean {
  return frames.some((frame) => frame.type === 'probe' && !frame.isAck);
}

/** What is wrong with a bundle: nothing from there on can be read. */
export type BrokenBundle =
  | 'bundle-too-short'
  | 'bundle-too-long'
  | 'unknown-version'
  | 'bad-ingress'
  | 'packet-truncated';

/** What is wrong with the frames of one packet. */
export type MalformedReason =
  | 'no-frame'
  | 'frame-truncated'
  | 'unknown-frame'
  | 'bad-open'
  | 'bad-head'
  | 'bad-fields'
  | 'bad-data'
  | 'bad-credit'
  | 'bad-refuse'
  | 'bad-cancel'
  | 'bad-length';
