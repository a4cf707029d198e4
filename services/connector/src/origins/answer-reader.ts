import { ChunkedDecoder, type FieldList, HeadReader, parseFieldLines, parseStatusLine } from '#libs/http1';
import { type AnswerHead, interpretAnswer } from './answer-head.ts';

/** Takes one answer as it arrives. May end the call at any time; what still comes then must be ignored. */
export type AnswerSink = {
  onInformational(status: number, fields: FieldList): void;
  onHead(head: AnswerHead): void;
  /** A view that the reader gives away. */
  onData(chunk: Buffer): void;
  onEnd(trailers: FieldList): void;
};

export type AnswerFault = { readonly reason: 'origin-invalid' | 'origin-aborted' | 'too-large'; readonly text: string };

/** Response head of an origin, bytes: what the tunnel can carry in one field block. More is a bad answer. */
export const MAX_ANSWER_HEAD_BYTES = 65_535;
/** 1xx heads before the answer; one more is a bad answer. */
export const MAX_INFORMATIONAL_ANSWERS = 32;

const PREFIX = Buffer.from('HTTP/');
const NO_TRAILERS: FieldList = [];

type Phase = 'idle' | 'head' | 'length' | 'chunked' | 'until-close' | 'done' | 'upgraded';

/**
 * Reads the answers of one HTTP/1.1 connection, one after the other; no I/O. The result is the same however the bytes are
 * cut into pieces, but for how the body is cut.
 */
export class AnswerReader {
  readonly #head = new HeadReader(MAX_ANSWER_HEAD_BYTES);
  readonly #gather = (data: Buffer): void => this.#gatherChunk(data);
  #phase: Phase = 'idle';
  #decoder: ChunkedDecoder | undefined;
  #remaining = 0;
  #isToHead = false;
  #mayUpgrade = false;
  #informational = 0;
  #prefixBytes = 0;
  #hasBegun = false;
  #isPersistent = false;
  #keepAliveMs: number | undefined;
  #piece: Buffer | undefined;
  #gatheredFrom = 0;
  #gatheredTo = 0;

  /** Ready for the answer to one more request. */
  begin(method: string, mayUpgrade: boolean): void {
    this.#phase = 'head';
    this.#isToHead = method === 'HEAD';
    this.#mayUpgrade = mayUpgrade;
    this.#informational = 0;
    this.#prefixBytes = 0;
    this.#hasBegun = false;
    this.#isPersistent = false;
  }

  get isDone(): boolean {
    return this.#phase === 'done';
  }

  get isUpgraded(): boolean {
    return this.#phase === 'upgraded';
  }

  /** Whether one byte of the answer has come. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Whether the origin keeps the connection after this answer, and sent nothing behind it. */
  get isPersistent(): boolean {
    return this.#isPersistent;
  }

  /** How long the origin said it keeps an idle connection, milliseconds. */
  get keepAliveMs(): number | undefined {
    return this.#keepAliveMs;
  }

  /** Takes over `piece`, whose content may change. */
  push(piece: Buffer, sink: AnswerSink): AnswerFault | undefined {
    this.#hasBegun = true;
    let rest: Buffer = piece;
    while (this.#phase === 'head') {
      if (!this.#isLikeAnswer(rest)) return invalid('answer does not begin with HTTP/');
      const progress = this.#head.push(rest);
      if (progress === 'incomplete') return undefined;
      if (progress === 'too-large')
        return { reason: 'too-large', text: `answer head above ${MAX_ANSWER_HEAD_BYTES} bytes` };
      if (progress === 'line-ending') return invalid('answer head with a bare line feed');
      rest = this.#head.rest;
      this.#prefixBytes = 0;
      const fault = this.#takeHead(sink);
      if (fault !== undefined) return fault;
    }
    if (rest.length > 0) return this.#takeBody(rest, sink);
    return undefined;
  }

  /** The origin ended its side. A fault when the answer was not complete. */
  close(sink: AnswerSink): AnswerFault | undefined {
    this.#isPersistent = false;
    if (this.#phase === 'until-close') {
      this.#phase = 'done';
      sink.onEnd(NO_TRAILERS);
      return undefined;
    }
    if (this.#phase === 'done' || this.#phase === 'idle') return undefined;
    return { reason: 'origin-aborted', text: 'origin closed the connection before its answer was complete' };
  }

  /** What is no HTTP at all is known by its first bytes, not at the timeout. */
  #isLikeAnswer(piece: Buffer): boolean {
    for (let i = 0; i < piece.length && this.#prefixBytes < PREFIX.length; i += 1) {
      if (piece[i] !== PREFIX[this.#prefixBytes]) return false;
      this.#prefixBytes += 1;
    }
    return true;
  }

  #takeHead(sink: AnswerSink): AnswerFault | undefined {
    const line = parseStatusLine(this.#head.startLine);
    if (typeof line === 'string') return invalid('answer does not begin with an HTTP/1.1 status line');
    const parsed = parseFieldLines(this.#head.fieldBytes.toString('latin1'));
    if (typeof parsed === 'string') return invalid(`answer head with a bad ${parsed}`);
    const head = interpretAnswer(line, parsed, this.#isToHead);
    if (typeof head === 'string') return invalid(head);
    if (head.status < 200 && head.status !== 101) return this.#takeInformational(head, sink);
    if (head.status === 101 && !this.#mayUpgrade) return invalid('status 101 for a request without upgrade');
    this.#isPersistent = head.isPersistent;
    this.#keepAliveMs = head.keepAliveMs;
    this.#remaining = head.length;
    if (head.framing === 'chunked') this.#decoder = new ChunkedDecoder();
    this.#phase = head.status === 101 ? 'upgraded' : head.framing === 'none' ? 'done' : head.framing;
    sink.onHead(head);
    return undefined;
  }

  #takeInformational(head: AnswerHead, sink: AnswerSink): AnswerFault | undefined {
    this.#informational += 1;
    if (this.#informational > MAX_INFORMATIONAL_ANSWERS)
      return invalid(`more than ${MAX_INFORMATIONAL_ANSWERS} informational answers`);
    sink.onInformational(head.status, head.fields);
    return undefined;
  }

  #takeBody(rest: Buffer, sink: AnswerSink): AnswerFault | undefined {
    if (this.#phase === 'length') {
      const isLast = rest.length >= this.#remaining;
      const isWithin = rest.length <= this.#remaining;
      const data = isWithin ? rest : rest.subarray(0, this.#remaining);
      this.#remaining -= data.length;
      if (isLast) this.#phase = 'done';
      if (!isWithin) this.#isPersistent = false;
      sink.onData(data);
      if (isLast) sink.onEnd(NO_TRAILERS);
    } else if (this.#phase === 'chunked') return this.#takeChunks(rest, sink);
    else if (this.#phase === 'until-close' || this.#phase === 'upgraded') sink.onData(rest);
    else this.#isPersistent = false;
    return undefined;
  }

  #takeChunks(rest: Buffer, sink: AnswerSink): AnswerFault | undefined {
    const decoder = this.#decoder;
    if (decoder === undefined) return undefined;
    this.#piece = rest;
    this.#gatheredFrom = 0;
    this.#gatheredTo = 0;
    const used = decoder.push(rest, this.#gather);
    this.#piece = undefined;
    if (this.#gatheredTo > this.#gatheredFrom) sink.onData(rest.subarray(this.#gatheredFrom, this.#gatheredTo));
    if (decoder.fault !== undefined) return invalid(`chunked body with a bad ${decoder.fault}`);
    if (!decoder.isDone) return undefined;
    if (used < rest.length) this.#isPersistent = false;
    this.#phase = 'done';
    this.#decoder = undefined;
    sink.onEnd(decoder.trailers);
    return undefined;
  }

  /** Moves the data of small chunks together: many views of few bytes would cost more memory than the bytes. */
  #gatherChunk(data: Buffer): void {
    const piece = this.#piece;
    if (piece === undefined) return;
    const from = data.byteOffset - piece.byteOffset;
    if (this.#gatheredTo === 0) this.#gatheredFrom = from;
    else if (from > this.#gatheredTo) piece.copyWithin(this.#gatheredTo, from, from + data.length);
    this.#gatheredTo = (this.#gatheredTo === 0 ? from : this.#gatheredTo) + data.length;
  }
}

function invalid(text: string): AnswerFault {
  return { reason: 'origin-invalid', text };
}
