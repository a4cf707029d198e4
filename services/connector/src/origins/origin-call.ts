import type { CancelPhase, CancelReason, ExchangeHandlers, FieldList, ServerExchange } from '#libs/tunnel-protocol';
import type { AnswerHead } from './answer-head.ts';
import type { AuthorizeCall } from './kerberos/authorize-call.ts';
import type { Deadlined } from './origin-deadlines.ts';
import type { LaneApplicant, LaneFailure, LaneUser, OriginLane } from './origin-lane.ts';
import type { OriginPools } from './origin-pools.ts';
import { fieldValue } from './origin-rules.ts';
import type { KerberosTarget, OriginTarget } from './origin-target.ts';
import { RequestBody, type RequestBodyOwner } from './request-body.ts';
import type { OriginRequest } from './request-head.ts';
import { passedTrailers } from './trailer-rules.ts';
import { type PipeOwner, UpgradedPipe } from './upgraded-pipe.ts';

/** How one call ended, for counting and for the log. */
export type OriginOutcome = 'answered' | CancelReason;

/** What all calls share. */
export type OriginCallHost = {
  readonly pools: OriginPools;
  readonly authorize: AuthorizeCall;
  onEnd(call: OriginCall, outcome: OriginOutcome, text: string): void;
};

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);
const LENGTH = /^[0-9]{1,15}$/;

/**
 * One request on its way to the origin and back. The deadline runs only while the origin owes something: a connection, the
 * taking of body bytes, the response head, the next chunk; not while the user is slow to send or to read.
 * Larger than the usual file because the two callback interfaces, the origin's and the tunnel's, meet in one state.
 */
export class OriginCall implements LaneUser, LaneApplicant, RequestBodyOwner, PipeOwner, ExchangeHandlers, Deadlined {
  deadlineAt = 0;
  readonly exchange: ServerExchange;
  request: OriginRequest;
  readonly #host: OriginCallHost;
  #lane: OriginLane | undefined;
  #body: RequestBody | undefined;
  #pipe: UpgradedPipe | undefined;
  #attempts = 0;
  #isHeadSent = false;
  #isEnded = false;

  /** `path`: path and query at the origin. */
  constructor(host: OriginCallHost, exchange: ServerExchange, target: OriginTarget, path: string) {
    this.#host = host;
    this.exchange = exchange;
    const { method, fields } = exchange.head;
    this.request = { target, method, path, fields, isUpgrade: exchange.isUpgrade };
  }

  /** With a body: grants the first credit now, so that the ingress begins to read the user's body. */
  start(): void {
    const { exchange } = this;
    if (exchange.hasBody && !exchange.isUpgrade) {
      const told = fieldValue(exchange.head.fields, 'content-length');
      const length = told !== undefined && LENGTH.test(told) ? Number(told) : undefined;
      this.#body = new RequestBody(exchange, this, length);
      exchange.receiveBody(this.#body);
    }
    // A turn later, so that a small body that came in the confirming packet goes out as one buffer.
    exchange.onceConfirmed(() => (this.#body ? queueMicrotask(() => this.#dispatch()) : this.#dispatch()));
  }

  /** Ends the call from this side, before or after the answer began. */
  fail(reason: CancelReason, text: string): void {
    if (this.#isEnded) return;
    const phase = this.#phase();
    const lane = this.#finish(reason, text);
    this.exchange.fail(reason, phase, text);
    if (reason === 'stopped' && this.#pipe?.goAway() === true) lane?.finish();
    else lane?.abort();
  }

  // ---- the tunnel's side

  onDrain(): void {
    if (this.#isEnded) return;
    this.#expect(true);
    this.#lane?.resume();
  }

  onCancel(reason: CancelReason, text: string): void {
    if (!this.#isEnded) this.#finish(reason, text)?.abort();
  }

  onDeadline(): void {
    const reason = this.#lane === undefined ? 'origin-connect-timeout' : 'origin-timeout';
    const who = this.#pipe === undefined ? 'origin was' : 'both sides were';
    this.fail(reason, `${who} silent for ${this.#limitMs} ms`);
  }

  // ---- the upgraded pipe's side

  onUserBytes(): void {
    this.#expect(true);
  }

  onPipeEnd(): void {
    if (!this.#isEnded) this.#finish('answered', '')?.finish();
  }

  // ---- the body's side

  /** Before the connection is there the clock runs on, whoever else is slow. */
  onBodyProgress(): void {
    if (this.#lane !== undefined && !this.#isHeadSent) this.#expect(this.#body?.isWaitingForUser !== true);
  }

  onBodyMismatch(): void {
    this.fail('malformed', 'request body is not as long as its content-length says');
  }

  // ---- the origin's side

  onLane(lane: OriginLane): void {
    const body = this.#body;
    const length = body?.length ?? 'none';
    const content = body?.takeWhole();
    this.#lane = lane;
    this.#expect(true);
    if (!lane.start(this, length, content)) {
      this.#lane = undefined;
      this.fail('malformed', 'request has a field that the origin cannot be sent');
    } else if (body !== undefined && content === undefined) body.flowTo(lane);
  }

  onNoLane(reason: CancelReason, text: string): void {
    this.fail(reason, text);
  }

  onLaneDrain(): void {
    if (this.#pipe === undefined) this.#body?.onLaneDrain();
    else this.#pipe.onPortDrain();
  }

  onInformational(status: number, fields: FieldList): void {
    if (this.#isEnded) return;
    this.#expect(true);
    if (status === 103) this.exchange.informational(status, fields);
  }

  onHead(head: AnswerHead): void {
    if (this.#isEnded) return;
    this.#isHeadSent = true;
    if (head.status === 101) this.#upgrade(head);
    else this.#respond(head);
  }

  onData(chunk: Buffer): void {
    if (this.#isEnded) return;
    if (this.#pipe === undefined) this.#passOn(chunk);
    else {
      this.#expect(true);
      this.#pipe.onOriginData(chunk);
    }
  }

  onEnd(trailers: FieldList): void {
    if (this.#isEnded) return;
    if (this.#pipe !== undefined) {
      this.#pipe.onOriginEnd();
      return;
    }
    this.#finish('answered', '');
    this.exchange.end(passedTrailers(trailers));
  }

  onLaneFailure(failure: LaneFailure): void {
    if (this.#isEnded) return;
    if (this.#mayTryAgain(failure)) this.#dispatch();
    else this.fail(failure.reason, failure.text);
  }

  // ---- inside

  #dispatch(): void {
    if (this.#isEnded) return;
    this.#attempts += 1;
    this.#lane = undefined;
    const { kerberos } = this.request.target;
    if (kerberos === undefined) this.#acquire();
    else void this.#authorize(kerberos);
  }

  #acquire(): void {
    this.#expect(true);
    this.#host.pools.acquire(this.request.target, this, this.#attempts > 1);
  }

  /** The origin owes nothing meanwhile; the wait for its user's ticket has a deadline of its own. */
  async #authorize(kerberos: KerberosTarget): Promise<void> {
    this.#expect(false);
    const authorized = await this.#host.authorize(kerberos, this.exchange.head.fields);
    if (this.#isEnded) return;
    if (authorized.kind === 'refused') return this.fail(authorized.reason, authorized.text);
    this.request = { ...this.request, fields: authorized.fields };
    this.#acquire();
  }

  /**
   * A kept-alive connection may die as it is used: a safe request without a body goes out once more (RFC 9110, 9.2.2). So
   * does any request without a body that the origin said it did not process.
   */
  #mayTryAgain(failure: LaneFailure): boolean {
    const { hasBody, isUpgrade, head } = this.exchange;
    if (this.#attempts > 1 || this.#isHeadSent || hasBody || isUpgrade) return false;
    return failure.isUnprocessed || (failure.isUnanswered && SAFE_METHODS.has(head.method));
  }

  #respond(head: AnswerHead): void {
    const hasBody = head.framing !== 'none';
    this.#expect(hasBody);
    // An origin that answers early and will close wants nothing more, and might reset the connection under its answer.
    if (!head.isPersistent) this.#body?.drop();
    this.exchange.respondHead(head.status, head.fields, { hasBody });
    if (!hasBody) this.#finish('answered', '');
  }

  #passOn(chunk: Buffer): void {
    const isReady = this.exchange.write(chunk);
    if (!isReady) this.#lane?.pause();
    this.#expect(isReady);
  }

  #upgrade(head: AnswerHead): void {
    const lane = this.#lane;
    if (lane === undefined) return;
    this.#expect(true);
    this.exchange.respondHead(head.status, head.fields, { isUpgraded: true });
    if (this.#isEnded) return;
    this.#pipe = new UpgradedPipe(this.exchange, lane, this);
    this.#pipe.start();
  }

  /** Longest silence now, milliseconds. */
  get #limitMs(): number {
    const { backendTimeoutMs, idleTimeoutMs } = this.request.target;
    return this.#isHeadSent ? idleTimeoutMs : backendTimeoutMs;
  }

  /** Starts the origin's clock anew, or stops it. */
  #expect(isOriginOwing: boolean): void {
    this.deadlineAt = isOriginOwing && !this.#isEnded ? Date.now() + this.#limitMs : 0;
  }

  #phase(): CancelPhase {
    if (this.#isHeadSent) return 'response-begun';
    return this.#lane === undefined && this.#attempts <= 1 ? 'origin-not-contacted' : 'origin-contacted';
  }

  /** Returns the lane, which is the caller's to abort unless the answer is complete. */
  #finish(outcome: OriginOutcome, text: string): OriginLane | undefined {
    const lane = this.#lane;
    this.#isEnded = true;
    this.deadlineAt = 0;
    this.#lane = undefined;
    if (outcome !== 'answered') this.#body?.drop();
    if (lane === undefined) this.#host.pools.withdraw(this.request.target, this);
    this.#host.onEnd(this, outcome, text);
    return lane;
  }
}
