// long because it is one state machine: every method changes the same few fields, and their order is the protocol
import { BodyReceiver } from './body-receiver.ts';
import type { BundleWriter } from './bundle-writer.ts';
import type {
  BodyConsumer,
  ChannelFailure,
  ChannelHandlers,
  ClientChannel,
  FieldList,
  OpenRequest,
  ResponseHead,
} from './channel.ts';
import type { ChannelHost } from './channel-host.ts';
import { type ChannelId, channelText } from './channel-ids.ts';
import type { Lane, PacketSource } from './coalescing-publisher.ts';
import type { CreditAccount, CreditOwner } from './credit-ledger.ts';
import { encodeCancelPacket, openPacketBytes, type PreparedOpen, writeOpenPacket } from './encode-frame.ts';
import { type Frame, type HeadFrame, OPEN_END, OPEN_UPGRADE } from './frame.ts';
import { HEAD_TIMEOUT_MS, MAX_INFORMATIONAL, MAX_INITIAL_CREDIT_BYTES } from './limits.ts';
import { Outbox, type OutboxOwner } from './outbox.ts';
import { PeerWatch } from './peer-watch.ts';
import { type CancelReason, type FailureReason, type RefuseReason, wireReasonOf } from './reasons.ts';
import { mayRetry, retryClassOf } from './retry-class.ts';

const NO_CHANNEL: ChannelId = { high: 0, middle: 0, low: 0 };

/**
 * One request at the ingress: dispatches the head until a connector answers, pins itself to that connector, then moves
 * both bodies. States: dispatching (not pinned), pinned, responding (final head seen), closed.
 */
export class DispatchedChannel implements ClientChannel, OutboxOwner, CreditOwner, PacketSource {
  readonly #host: ChannelHost;
  readonly #request: OpenRequest;
  readonly #open: PreparedOpen;
  readonly #handlers: ChannelHandlers;
  readonly #isIdempotent: boolean;
  #id: ChannelId = NO_CHANNEL;
  /** Not yet in a bundle: 0. */
  #bundleId = 0;
  #credit = 0;
  #dispatches = 0;
  #outbox: Outbox;
  #receiver: BodyReceiver;
  #consumer: BodyConsumer | undefined;
  #account: CreditAccount;
  #connectorId: string | undefined;
  #nextSequence = 0;
  #isClosed = false;
  #isBodyWanted = false;
  #isBodyTaken = false;
  #hasSentBody = false;
  #hasHead = false;
  #isUpgraded = false;
  #informational = 0;
  #lastRefusal: RefuseReason | undefined;
  /** A dispatch stayed unanswered: somebody may have it nevertheless. */
  #hasMissed = false;
  #dispatchedAtMs = 0;
  #progressAtMs = 0;
  readonly #watch: PeerWatch;
  #onAbortSignal: (() => void) | undefined;

  constructor(
    host: ChannelHost,
    request: OpenRequest,
    open: PreparedOpen,
    handlers: ChannelHandlers,
    isIdempotent: boolean,
  ) {
    this.#host = host;
    this.#request = request;
    this.#open = open;
    this.#handlers = handlers;
    this.#isIdempotent = isIdempotent;
    this.#watch = new PeerWatch(host, host.now());
    this.#outbox = new Outbox(host.publisher, this, 1, 0);
    const credit = host.ledger.initialCredit(host.openChannels(), MAX_INITIAL_CREDIT_BYTES);
    this.#account = host.ledger.open(this, credit, host.now());
    this.#receiver = new BodyReceiver(host.ledger, this.#account, host.now);
    this.#dispatch(credit);
    if (this.#isComplete) this.#outbox.markEnded();
    else if (!request.hasBody && request.isUpgrade !== true) this.#outbox.end(undefined);
    this.#heed(request.signal);
  }

  get id(): string {
    return channelText(this.#id);
  }

  /** Id of the latest dispatch, as tables know it. */
  get channelId(): ChannelId {
    return this.#id;
  }

  get connectorId(): string | undefined {
    return this.#connectorId;
  }

  get isOpen(): boolean {
    return !this.#isClosed;
  }

  get dispatches(): number {
    return this.#dispatches;
  }

  get group(): string {
    return this.#request.group;
  }

  /** The bundle the current dispatch left in. */
  get bundleId(): number {
    return this.#bundleId;
  }

  get #isComplete(): boolean {
    return (this.#open.flags & OPEN_END) !== 0;
  }

  receiveBody(consumer: BodyConsumer): void {
    this.#consumer ??= consumer;
    this.#receiver.attach(this.#consumer);
  }

  pause(): void {
    this.#receiver.pause();
  }

  resume(): void {
    this.#receiver.resume();
  }

  write(chunk: Uint8Array): boolean {
    if (!this.#hasRequestBody()) return true;
    this.#isBodyTaken = true;
    return this.#outbox.write(chunk);
  }

  end(trailers?: FieldList): void {
    if (!this.#hasRequestBody()) return;
    this.#isBodyTaken = true;
    if (!this.#outbox.end(trailers)) this.#fail('too-large', 'request trailers cannot be sent');
  }

  cancel(reason: CancelReason = 'user-gone', text = ''): void {
    if (this.#isClosed) {
      this.#receiver.abort();
      return;
    }
    this.#close(reason, text);
    this.#receiver.abort();
  }

  grantCredit(bytes: number): void {
    this.#outbox.grant(bytes);
  }

  onOutboxDrain(): void {
    this.#host.guard(this, () => this.#handlers.onDrain?.());
  }

  onOutboxProgress(): void {
    this.#hasSentBody = true;
    this.#progressAtMs = this.#host.now();
  }

  onOutboxEnded(): void {
    if (this.#isUpgraded && this.#receiver.isEnded) this.#close();
  }

  /** The server itself answered: nobody listens in the group. */
  onNoResponders(): void {
    if (this.#connectorId === undefined) this.#fail('no-connector', `no connector serves group ${this.group}`);
  }

  /** The first answer to the current dispatch decides which connector has this channel. */
  pin(connectorId: string, lane: Lane): void {
    this.#connectorId = connectorId;
    this.#host.ledger.bind(this.#account, connectorId, this.#host.now());
    this.#outbox.setPeer(lane, this.#id);
  }

  onPacket(isReset: boolean, sequence: number, frames: readonly Frame[]): void {
    this.#watch.received(this.#host.now());
    if (sequence !== this.#nextSequence && !isReset) {
      this.abort('gap', `expected packet ${this.#nextSequence}, got ${sequence}`);
      return;
    }
    this.#nextSequence = (this.#nextSequence + 1) >>> 0;
    const id = this.#id;
    for (const frame of frames) {
      this.#onFrame(frame);
      // Closed, or dispatched again: what follows in this packet belongs to nobody.
      if (this.#isClosed || this.#id !== id) return;
    }
  }

  /** End the channel because of what the other side did, tell both sides. */
  abort(reason: CancelReason, text: string): void {
    if (this.#isClosed) return;
    this.#host.onAborted(this, reason);
    this.#fail(reason, text);
  }

  /** Deadlines; called every SWEEP_INTERVAL_MS. */
  onSweep(nowMs: number, isConnected: boolean): void {
    if (this.#connectorId === undefined) {
      this.#sweepDispatch(nowMs, isConnected);
      return;
    }
    if (!this.#hasHead && this.#isHeadOverdue(nowMs)) {
      this.#fail('origin-timeout', 'no response head within the backend timeout');
      return;
    }
    const state = this.#watch.check(nowMs, isConnected);
    if (state === 'silent') this.abort('peer-silent', 'probe was not answered');
    if (state === 'ask') this.probe(nowMs);
  }

  /** Ask the connector whether it still has this channel, and whether anything got lost. */
  probe(nowMs: number): void {
    if (!this.#isClosed && this.#connectorId !== undefined && this.#watch.ask(nowMs)) this.#outbox.probe(false);
  }

  #sweepDispatch(nowMs: number, isConnected: boolean): void {
    if (this.#isHeadOverdue(nowMs)) {
      this.#fail('origin-timeout', 'no response head within the backend timeout');
      return;
    }
    if (!isConnected) this.#dispatchedAtMs = nowMs;
    if (nowMs - this.#dispatchedAtMs < this.#host.acceptDeadlineMs) return;
    this.#hasMissed = true;
    this.#host.onAcceptMissed(this);
    this.#dispatchAgain('accept-timeout', 'no connector accepted in time');
  }

  #isHeadOverdue(nowMs: number): boolean {
    const timeoutMs = this.#request.headTimeoutMs ?? HEAD_TIMEOUT_MS;
    if (timeoutMs === 0) return false;
    // While the user is the one who is slow, the origin has no reason to answer.
    if (this.#isBodyWanted && this.#outbox.isWaitingForCaller) this.#progressAtMs = nowMs;
    return nowMs - this.#progressAtMs >= timeoutMs;
  }

  #dispatch(credit: number): void {
    const nowMs = this.#host.now();
    this.#id = this.#host.newChannelId();
    this.#bundleId = 0;
    this.#credit = credit;
    this.#dispatches++;
    this.#dispatchedAtMs = nowMs;
    this.#progressAtMs = nowMs;
    this.#watch.received(nowMs);
    this.#host.enlist(this);
    this.#host.headLane(this.group, this.#dispatches > 1).schedule(this, openPacketBytes(this.#open));
  }

  /** The head, at the end of the turn it was dispatched in. */
  flushPackets(bundle: BundleWriter): void {
    if (this.#isClosed || this.#connectorId !== undefined) return;
    const start = bundle.reserve(openPacketBytes(this.#open));
    writeOpenPacket(bundle.target, start, this.#open, this.#id, this.#credit);
    this.#bundleId = bundle.bundleId;
  }

  /** Another connector may have it, under a new id, as long as nothing of the body was taken. */
  #dispatchAgain(reason: FailureReason, text: string): void {
    const mayMove = !this.#isBodyTaken && !this.#isBodyWanted && this.#dispatches < this.#host.maxDispatches;
    if (!mayMove) {
      this.#fail(reason, text);
      return;
    }
    this.#host.delist(this);
    if (this.#connectorId !== undefined) this.#unpin();
    this.#dispatch(this.#account.outstanding);
  }

  #unpin(): void {
    this.#connectorId = undefined;
    this.#nextSequence = 0;
    const wasEnding = this.#outbox.isEnding;
    this.#outbox.close();
    this.#outbox = new Outbox(this.#host.publisher, this, 1, 0);
    if (this.#isComplete) this.#outbox.markEnded();
    else if (wasEnding) this.#outbox.end(undefined);
    this.#receiver.abort();
    const credit = this.#host.ledger.initialCredit(this.#host.openChannels(), MAX_INITIAL_CREDIT_BYTES);
    this.#account = this.#host.ledger.open(this, credit, this.#host.now());
    this.#receiver = new BodyReceiver(this.#host.ledger, this.#account, this.#host.now);
    if (this.#consumer !== undefined) this.#receiver.attach(this.#consumer);
  }

  #onFrame(frame: Frame): void {
    switch (frame.type) {
      case 'accept':
        return;
      case 'head':
        this.#onHead(frame);
        return;
      case 'data':
        if (!this.#hasHead || !this.#receiver.data(frame.bytes)) this.#violate('data without head or credit');
        return;
      case 'end':
        this.#onEnd(frame.trailers);
        return;
      case 'credit':
        this.#onCredit(frame.bytes);
        return;
      case 'refuse':
        this.#lastRefusal = frame.reason;
        if (this.#hasHead) {
          this.#violate('refusal after the head');
          return;
        }
        this.#dispatchAgain('refused', frame.text);
        return;
      case 'cancel':
        this.#onCancel(frame);
        return;
      case 'probe':
        if (!frame.isAck) this.#outbox.probe(true);
        return;
      case 'open':
        this.#violate('open from a connector');
        return;
    }
    frame satisfies never;
  }

  #violate(text: string): void {
    this.abort('protocol-violation', text);
  }

  #onHead(frame: HeadFrame): void {
    if (this.#hasHead) {
      this.#violate('second head');
      return;
    }
    const { status, fields, isUpgraded } = frame;
    const head: ResponseHead = { status, fields, hasBody: !frame.isEnd, isUpgraded };
    if (status < 200 && !isUpgraded) {
      if (++this.#informational > MAX_INFORMATIONAL) {
        this.#violate('too many informational responses');
        return;
      }
      this.#handlers.onInformational?.(head);
      return;
    }
    if (isUpgraded && this.#request.isUpgrade !== true) {
      this.#violate('upgrade that was not asked for');
      return;
    }
    this.#hasHead = true;
    this.#isUpgraded = isUpgraded;
    if (!frame.isEnd) {
      this.#handlers.onHead(head);
      return;
    }
    // The channel is over before the caller hears of it: cancel and failures no longer concern it.
    this.#close();
    this.#handlers.onHead(head);
    this.#receiver.end([]);
  }

  #onEnd(trailers: FieldList): void {
    if (!this.#hasHead || this.#receiver.isEnded) {
      this.#violate('end without head, or twice');
      return;
    }
    if (!this.#isUpgraded || this.#outbox.isEnded) this.#close();
    this.#receiver.end(trailers);
  }

  #onCredit(bytes: number): void {
    if (!this.#outbox.credit(bytes)) {
      this.#violate('more credit than a peer may give');
      return;
    }
    if (this.#isBodyWanted || !this.#hasRequestBody()) return;
    this.#isBodyWanted = true;
    this.#handlers.onBodyWanted?.();
  }

  #onCancel(frame: Extract<Frame, { type: 'cancel' }>): void {
    this.#fail(frame.reason, frame.text, frame.phase === 'origin-not-contacted', false);
  }

  #fail(reason: FailureReason, text: string, isUntouched = false, tellsPeer = true): void {
    if (this.#isClosed) return;
    const failure = this.#describe(reason, text, isUntouched);
    this.#close(tellsPeer ? wireReasonOf(reason) : undefined, text);
    this.#receiver.abort(reason);
    this.#handlers.onFailure(failure);
  }

  #describe(reason: FailureReason, text: string, isUntouched: boolean): ChannelFailure {
    const facts = {
      hasHead: this.#hasHead,
      hasMissed: this.#hasMissed,
      mayRunUnconfirmed: this.#mayRunUnconfirmed(),
      isConfirmed: this.#hasSentBody || this.#outbox.isEnded,
      isUntouched,
      isIdempotent: this.#isIdempotent,
      isBodyTaken: this.#isBodyTaken || this.#isBodyWanted,
    };
    const retryClass = retryClassOf(reason, facts);
    return {
      reason,
      retryClass,
      mayRetry: mayRetry(retryClass, facts),
      connectorId: this.#connectorId,
      refusal: reason === 'refused' ? this.#lastRefusal : undefined,
      dispatches: this.#dispatches,
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
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#host.delist(this);
    const phase = this.#hasHead ? 'response-begun' : 'origin-contacted';
    this.#outbox.close(
      reason === undefined ? undefined : encodeCancelPacket(this.#id, this.#outbox.nextSequence, reason, phase, text),
    );
    if (this.#onAbortSignal !== undefined) this.#request.signal?.removeEventListener('abort', this.#onAbortSignal);
  }
}
