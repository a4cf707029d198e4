// long because it is one state machine: every method changes the same few fields, and their order is the protocol
import type {
  BodyConsumer,
  ChannelFailure,
  ChannelHandlers,
  ClientChannel,
  FieldList,
  OpenRequest,
  ResponseHead,
} from './channel.ts';
import { ChannelEnd } from './channel-end.ts';
import type { ChannelHost } from './channel-host.ts';
import { type ChannelId, channelText } from './channel-ids.ts';
import type { Lane } from './coalescing-publisher.ts';
import { encodeCancelPacket, type PreparedOpen } from './encode-frame.ts';
import { type Frame, type HeadFrame, OPEN_END, OPEN_UPGRADE } from './frame.ts';
import { HEAD_TIMEOUT_MS, MAX_INFORMATIONAL, MAX_INITIAL_CREDIT_BYTES } from './limits.ts';
import { type CancelReason, type FailureReason, type RefuseReason, wireReasonOf } from './reasons.ts';
import { RequestDispatch } from './request-dispatch.ts';
import { mayRetry, retryClassOf } from './retry-class.ts';

/**
 * One request at the ingress: looks for a connector, pins itself to the first that answers, then moves both bodies.
 * States: searching (not pinned), pinned, responding (final head seen), closed.
 */
export class DispatchedChannel extends ChannelEnd implements ClientChannel {
  readonly #host: ChannelHost;
  readonly #request: OpenRequest;
  readonly #open: PreparedOpen;
  readonly #handlers: ChannelHandlers;
  readonly #isIdempotent: boolean;
  readonly #dispatch: RequestDispatch;
  #consumer: BodyConsumer | undefined;
  #connectorId: string | undefined;
  #isBodyWanted = false;
  #isBodyTaken = false;
  #hasSentBody = false;
  #lastRefusal: RefuseReason | undefined;
  #progressAtMs: number;
  #onAbortSignal: (() => void) | undefined;

  constructor(
    host: ChannelHost,
    request: OpenRequest,
    open: PreparedOpen,
    handlers: ChannelHandlers,
    isIdempotent: boolean,
  ) {
    const credit = host.ledger.initialCredit(host.openChannels(), MAX_INITIAL_CREDIT_BYTES);
    super(host, 1, 0, credit);
    this.#host = host;
    this.#request = request;
    this.#open = open;
    this.#handlers = handlers;
    this.#isIdempotent = isIdempotent;
    this.#progressAtMs = host.now();
    this.#dispatch = new RequestDispatch(host, this, open);
    this.#dispatch.start(credit);
    if (this.#isComplete) this.outbox.markEnded();
    else if (!request.hasBody && request.isUpgrade !== true) this.outbox.end(undefined);
    this.#heed(request.signal);
  }

  get id(): string {
    return channelText(this.#dispatch.id);
  }

  /** Id of the latest dispatch, as tables know it. */
  get channelId(): ChannelId {
    return this.#dispatch.id;
  }

  get connectorId(): string | undefined {
    return this.#connectorId;
  }

  get dispatches(): number {
    return this.#dispatch.count;
  }

  get group(): string {
    return this.#request.group;
  }

  get affinityKey(): string | undefined {
    return this.#request.affinityKey;
  }

  /** The bundle the current dispatch left in, while it is unanswered. */
  get bundleId(): number {
    return this.#connectorId === undefined ? this.#dispatch.bundleId : 0;
  }

  /** Nothing of the user's body was taken, so another connector can have the whole request. */
  get mayDispatchAgain(): boolean {
    return !this.#isBodyTaken && !this.#isBodyWanted;
  }

  get #isComplete(): boolean {
    return (this.#open.flags & OPEN_END) !== 0;
  }

  receiveBody(consumer: BodyConsumer): void {
    this.#consumer ??= consumer;
    this.receiver.attach(this.#consumer);
  }

  write(chunk: Uint8Array): boolean {
    if (!this.#hasRequestBody()) return true;
    this.#isBodyTaken = true;
    return this.outbox.write(chunk);
  }

  end(trailers?: FieldList): void {
    if (!this.#hasRequestBody()) return;
    this.#isBodyTaken = true;
    if (!this.outbox.end(trailers)) this.#fail('too-large', 'request trailers cannot be sent');
  }

  cancel(reason: CancelReason = 'user-gone', text = ''): void {
    this.#close(reason, text);
    this.receiver.abort();
  }

  onOutboxDrain(): void {
    this.#host.guard(this, () => this.#handlers.onDrain?.());
  }

  onOutboxProgress(): void {
    this.#hasSentBody = true;
    this.#progressAtMs = this.#host.now();
  }

  onOutboxEnded(): void {
    if (this.isUpgraded && this.receiver.isEnded) this.#close();
  }

  onNoResponders(): void {
    this.#dispatch.noResponders();
  }

  onLink(isUp: boolean, isSameLink: boolean): void {
    this.#dispatch.onLink(isUp, isSameLink);
  }

  /** Whether an answer of this connector may pin the channel. */
  isOpenTo(connectorId: string): boolean {
    return this.#dispatch.isOpenTo(connectorId);
  }

  /** The first answer to the current dispatch decides which connector has this channel. */
  pin(connectorId: string, lane: Lane): void {
    this.#connectorId = connectorId;
    this.#dispatch.answered(connectorId);
    this.#host.ledger.bind(this.account, connectorId, this.#host.now());
    this.outbox.setPeer(lane, this.#dispatch.id);
  }

  /** No connector took the request. */
  onUndelivered(reason: FailureReason, text: string): void {
    this.#fail(reason, text);
  }

  /** The former connector, if there was one, is out of it. Returns the credit for the next. */
  onDispatchAgain(): number {
    this.#progressAtMs = this.#host.now();
    this.heard();
    if (this.#connectorId === undefined) return this.account.outstanding;
    this.#connectorId = undefined;
    const wasEnding = this.outbox.isEnding;
    const credit = this.#host.ledger.initialCredit(this.#host.openChannels(), MAX_INITIAL_CREDIT_BYTES);
    this.startOver(1, credit);
    if (this.#isComplete) this.outbox.markEnded();
    else if (wasEnding) this.outbox.end(undefined);
    if (this.#consumer !== undefined) this.receiver.attach(this.#consumer);
    return credit;
  }

  abort(reason: CancelReason, text: string): void {
    if (this.isClosed) return;
    this.#host.onAborted(this, reason);
    this.#fail(reason, text);
  }

  /** Deadlines; called every SWEEP_INTERVAL_MS. */
  onSweep(nowMs: number, isConnected: boolean): void {
    if (!this.hasHead && this.#isHeadOverdue(nowMs)) {
      this.#fail('origin-timeout', 'no response head within the backend timeout');
      return;
    }
    if (this.#connectorId === undefined) this.#dispatch.sweep(nowMs);
    else this.sweepPeer(nowMs, isConnected);
  }

  #isHeadOverdue(nowMs: number): boolean {
    const timeoutMs = this.#request.headTimeoutMs ?? HEAD_TIMEOUT_MS;
    if (timeoutMs === 0) return false;
    // While the user is the one who is slow, the origin has no reason to answer.
    if (this.#isBodyWanted && this.outbox.isWaitingForCaller) this.#progressAtMs = nowMs;
    return nowMs - this.#progressAtMs >= timeoutMs;
  }

  protected onFrame(frame: Exclude<Frame, { type: 'probe' }>): void {
    switch (frame.type) {
      case 'accept':
        return;
      case 'head':
        this.#onHead(frame);
        return;
      case 'data':
        if (!this.hasHead || !this.receiver.data(frame.bytes)) this.violate('data without head or credit');
        return;
      case 'end':
        this.#onEnd(frame.trailers);
        return;
      case 'credit':
        this.#onCredit(frame.bytes);
        return;
      case 'refuse':
        this.#onRefuse(frame.reason, frame.text);
        return;
      case 'cancel':
        this.#fail(frame.reason, frame.text, frame.phase === 'origin-not-contacted', false);
        return;
      case 'open':
        this.violate('open from a connector');
        return;
    }
    frame satisfies never;
  }

  #onRefuse(reason: RefuseReason, text: string): void {
    this.#lastRefusal = reason;
    if (this.hasHead) this.violate('refusal after the head');
    else this.#dispatch.refused(this.#connectorId, text);
  }

  #onHead(frame: HeadFrame): void {
    if (this.hasHead) {
      this.violate('second head');
      return;
    }
    const { status, fields, isUpgraded } = frame;
    const head: ResponseHead = { status, fields, hasBody: !frame.isEnd, isUpgraded };
    if (status < 200 && !isUpgraded) {
      if (++this.informationalCount > MAX_INFORMATIONAL) this.violate('too many informational responses');
      else this.#handlers.onInformational?.(head);
      return;
    }
    if (isUpgraded && this.#request.isUpgrade !== true) {
      this.violate('upgrade that was not asked for');
      return;
    }
    this.hasHead = true;
    this.isUpgraded = isUpgraded;
    if (!frame.isEnd) {
      this.#handlers.onHead(head);
      return;
    }
    // The channel is over before the caller hears of it: cancel and failures no longer concern it.
    this.#close();
    this.#handlers.onHead(head);
    this.receiver.end([]);
  }

  #onEnd(trailers: FieldList): void {
    if (!this.hasHead || this.receiver.isEnded) {
      this.violate('end without head, or twice');
      return;
    }
    if (!this.isUpgraded || this.outbox.isEnded) this.#close();
    this.receiver.end(trailers);
  }

  #onCredit(bytes: number): void {
    if (!this.outbox.credit(bytes)) {
      this.violate('more credit than a peer may give');
      return;
    }
    if (this.#isBodyWanted || !this.#hasRequestBody()) return;
    this.#isBodyWanted = true;
    this.#handlers.onBodyWanted?.();
  }

  #fail(reason: FailureReason, text: string, isUntouched = false, tellsPeer = true): void {
    if (this.isClosed) return;
    const failure = this.#describe(reason, text, isUntouched);
    this.#close(tellsPeer ? wireReasonOf(reason) : undefined, text);
    this.receiver.abort(reason);
    this.#handlers.onFailure(failure);
  }

  #describe(reason: FailureReason, text: string, isUntouched: boolean): ChannelFailure {
    const facts = {
      hasHead: this.hasHead,
      hasMissed: this.#dispatch.hasMissed,
      mayRunUnconfirmed: this.#mayRunUnconfirmed(),
      isConfirmed: this.#hasSentBody || this.outbox.isEnded,
      isUntouched,
      isIdempotent: this.#isIdempotent,
      isBodyTaken: !this.mayDispatchAgain,
    };
    const retryClass = retryClassOf(reason, facts);
    return {
      reason,
      retryClass,
      mayRetry: mayRetry(retryClass, facts),
      connectorId: this.#connectorId,
      refusal: reason === 'refused' ? this.#lastRefusal : undefined,
      dispatches: this.#dispatch.count,
      text,
    };
  }

  #hasRequestBody(): boolean {
    return this.#request.hasBody || this.#request.isUpgrade === true;
  }

  /** Whether a connector may have called the origin without a confirmation from here. */
  #mayRunUnconfirmed(): boolean {
    return (this.#open.flags & (OPEN_END | OPEN_UPGRADE)) !== 0;
  }

  #heed(signal: AbortSignal | undefined): void {
    if (signal === undefined) return;
    this.#onAbortSignal = () => this.cancel('user-gone');
    signal.addEventListener('abort', this.#onAbortSignal, { once: true });
  }

  /** Leave the client's table; with a reason and a known connector, say so. The receiver lives on until it is drained. */
  #close(reason?: CancelReason, text = ''): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#host.delist(this);
    const { id } = this.#dispatch;
    const phase = this.hasHead ? 'response-begun' : 'origin-contacted';
    this.outbox.close(
      reason === undefined ? undefined : encodeCancelPacket(id, this.outbox.nextSequence, reason, phase, text),
    );
    this.#dispatch.close();
    if (this.#onAbortSignal !== undefined) this.#request.signal?.removeEventListener('abort', this.#onAbortSignal);
  }
}
