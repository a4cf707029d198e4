import type { CancelReason } from '#libs/tunnel-protocol';
import type { AnswerSink } from './answer-reader.ts';
import type { BodyLength, OriginRequest } from './request-head.ts';

/** Why a lane could not finish its call. */
export type LaneFailure = {
  readonly reason: CancelReason;
  /** For the log only. */
  readonly text: string;
  /** No byte of an answer came, and the connection is lost: the origin may never have read the request. */
  readonly isUnanswered: boolean;
  /** The origin said that it did nothing with the request (RFC 9113, 8.7). */
  readonly isUnprocessed: boolean;
};

/** The call a lane works for: takes the answer, and hears of the lane. Callbacks must not throw. */
export type LaneUser = AnswerSink & {
  readonly request: OriginRequest;
  /** Room again after `write` answered false. */
  onLaneDrain(): void;
  /** At most once, and nothing follows. The lane is gone already. */
  onLaneFailure(failure: LaneFailure): void;
};

/** What an upgraded connection offers: bytes both ways. */
export type BytePort = {
  /** Takes over the chunk. False means: wait for `onLaneDrain` (the chunk is taken anyway). */
  write(chunk: Uint8Array): boolean;
  /** Ends this direction only. */
  end(): void;
  pause(): void;
  resume(): void;
  /** The call is over: closes once what was written has left. */
  finish(): void;
  /** Ends the call from this side: nothing is called back any more. */
  abort(): void;
};

/** The way of one call to its origin and back: a connection of its own (HTTP/1.1), or one stream of many (HTTP/2). */
export type OriginLane = BytePort & {
  /**
   * Sends the head, and `content` when the body is complete already. False, and nothing sent, when the request cannot be
   * expressed; the lane is free for another call then.
   */
  start(user: LaneUser, length: BodyLength, content: Uint8Array | undefined): boolean;
  /** Ends the body of the request, `trailers` behind it where its length was not told. */
  end(trailers?: readonly string[]): void;
};

/** Waits for a lane. */
export type LaneApplicant = {
  readonly request: OriginRequest;
  onLane(lane: OriginLane): void;
  /** No lane: the origin was not contacted. */
  onNoLane(reason: CancelReason, text: string): void;
};
