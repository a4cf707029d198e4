import { BodyReceiver } from './body-receiver.ts';
import type {
  BodyConsumer,
  ExchangeHandlers,
  FieldList,
  RequestHead,
  RespondOptions,
  ServerExchange,
} from './channel.ts';
import { type ChannelId, channelText } from './channel-ids.ts';
import type { Lane } from './coalescing-publisher.ts';
import type { CreditAccount, CreditOwner } from './credit-ledger.ts';
import { encodeCancelPacket, encodeRefusePacket, prepareHead } from './encode-frame.ts';
import type { ExchangeHost } from './exchange-host.ts';
import type { Frame, OpenFrame } from './frame.ts';
import { MAX_INFORMATIONAL } from './limits.ts';
import { Outbox, type OutboxOwner } from './outbox.ts';
import { PeerWatch } from './peer-watch.ts';
import type { CancelPhase, CancelReason, RefuseReason } from './reasons.ts';

const NO_HANDLERS: ExchangeHandlers = { onCancel: () => undefined };

/** One request at the connector. */
export class TunnelExchange implements ServerExchange, OutboxOwner, CreditOwner {
  readonly ingressId: string;
  /** As tables know it. */
  readonly id: ChannelId;
  readonly head: RequestHead;
  readonly metadata: FieldList;
  readonly hasBody: boolean;
  readonly isUpgrade: boolean;
  readonly #host: ExchangeHost;
  readonly #outbox: Outbox;
  readonly #account: CreditAccount;
  readonly #receiver: BodyReceiver;
  readonly #openedAtMs: number;
  #handlers = NO_HANDLERS;
  #nextSequence = 1;
  #isClosed = false;
  #isConfirmed: boolean;
  #isRequestEnded: boolean;
  #isPulling = false;
  #hasAnswered = false;
  #hasHead = false;
  #isUpgraded = false;
  #informational = 0;
  #onConfirmed: (() => void) | undefined;
  readonly #watch: PeerWatch;

  constructor(host: ExchangeHost, ingressId: string, id: ChannelId, open: OpenFrame, lane: Lane) {
    this.#host = host;
    this.ingressId = ingressId;
    this.id = id;
    this.head = { method: open.method, target: open.target, fields: open.fields };
    this.metadata = open.metadata;
    this.hasBody = !open.isComplete && !open.isEmpty && !open.isUpgrade;
    this.isUpgrade = open.isUpgrade;
    this.#isConfirmed = open.isComplete || open.isUpgrade;
    this.#isRequestEnded = open.isComplete;
    const nowMs = host.now();
    this.#openedAtMs = nowMs;
    this.#watch = new PeerWatch(host, nowMs);
    this.#outbox = new Outbox(host.publisher, this, 0, open.credit);
    this.#outbox.setPeer(lane, id);
    this.#account = host.ledger.open(this, 0, nowMs);
    host.ledger.bind(this.#account, ingressId, nowMs);
    this.#receiver = new BodyReceiver(host.ledger, this.#account, host.now);
    if (open.isComplete) this.#receiver.end([]);
  }

  get channelId(): string {
    return channelText(this.id);
  }

  get isOpen(): boolean {
    return !this.#isClosed;
  }

  setHandlers(handlers: ExchangeHandlers): void {
    this.#handlers = handlers;
  }

  onceConfirmed(callback: () => void): void {
    if (this.#isClosed || this.#onConfirmed !== undefined) return;
    this.#onConfirmed = callback;
    if (this.#isConfirmed) {
      callback();
      return;
    }
    this.#accept();
    this.#pull();
  }

  receiveBody(consumer: BodyConsumer): void {
    if (!this.#isRequestEnded) {
      this.#accept();
      this.#pull();
    }
    this.#receiver.attach(consumer);
  }

  pause(): void {
    this.#receiver.pause();
  }

  resume(): void {
    this.#receiver.resume();
  }

  informational(status: number, fields: FieldList): void {
    if (this.#isClosed || this.#hasHead || this.#informational >= MAX_INFORMATIONAL) return;
    const head = prepareHead(status, fields, false, false);
    // A 1xx response is advice: one that cannot be sent is left out.
    if (typeof head === 'string') return;
    this.#informational++;
    this.#hasAnswered = true;
    this.#outbox.head(head);
  }

  respondHead(status: number, fields: FieldList, options: RespondOptions = {}): void {
    if (this.#isClosed || this.#hasHead) return;
    const isUpgraded = options.isUpgraded === true;
    const isEnd = options.hasBody === false && !isUpgraded;
    const head = prepareHead(status, fields, isEnd, isUpgraded);
    if (typeof head === 'string') {
      this.fail('origin-invalid', 'origin-contacted', `response head: ${head}`);
      // The caller did not ask for this end, so it is told.
      this.#handlers.onCancel('origin-invalid', `response head: ${head}`);
      return;
    }
    this.#hasAnswered = true;
    this.#hasHead = true;
    this.#isUpgraded = isUpgraded;
    this.#outbox.head(head);
    if (isEnd) this.#outbox.endWithHead();
  }

  write(chunk: Uint8Array): boolean {
    return this.#outbox.write(chunk);
  }

  end(trailers?: FieldList): void {
    if (this.#outbox.end(trailers)) return;
    // Trailers are advice to most readers, the body is complete: it ends without them.
    this.#outbox.end(undefined);
  }

  refuse(reason: RefuseReason, text = ''): void {
    if (this.#isClosed) return;
    this.#close(encodeRefusePacket(this.id, this.#outbox.nextSequence, reason, text));
    this.#receiver.abort();
  }

  fail(reason: CancelReason, phase: CancelPhase, text = ''): void {
    if (this.#isClosed) return;
    this.#cancel(reason, phase, text);
    this.#receiver.abort();
  }

  grantCredit(bytes: number): void {
    this.#outbox.grant(bytes);
  }

  onOutboxDrain(): void {
    this.#host.guard(this, () => this.#handlers.onDrain?.());
  }

  onOutboxProgress(): void {
    this.#hasAnswered = true;
  }

  onOutboxEnded(): void {
    if (this.#isUpgraded) {
      if (this.#isRequestEnded) this.#close();
      return;
    }
    this.#close();
    // The answer is complete: whatever the origin has not read of the request, it did not want.
    this.#host.guard(this, () => this.#receiver.abort('not-needed'));
  }

  onPacket(isReset: boolean, sequence: number, frames: readonly Frame[]): void {
    this.#watch.received(this.#host.now());
    if (sequence !== this.#nextSequence && !isReset) {
      this.abort('gap', `expected packet ${this.#nextSequence}, got ${sequence}`);
      return;
    }
    this.#nextSequence = (this.#nextSequence + 1) >>> 0;
    for (const frame of frames) {
      this.#onFrame(frame);
      if (this.#isClosed) return;
    }
  }

  /** End the exchange because of the ingress or the tunnel: both sides are told. */
  abort(reason: CancelReason, text: string): void {
    if (this.#isClosed) return;
    this.#host.onAborted(this, reason);
    this.#cancel(reason, 'origin-contacted', text);
    this.#ended(reason, text);
  }

  onSweep(nowMs: number, isConnected: boolean): void {
    if (!this.#hasAnswered && nowMs - this.#openedAtMs >= this.#host.acceptDelayMs) this.#accept();
    const state = this.#watch.check(nowMs, isConnected);
    if (state === 'silent') this.abort('peer-silent', 'probe was not answered');
    if (state === 'ask' && this.#watch.ask(nowMs)) this.#outbox.probe(false);
  }

  #onFrame(frame: Frame): void {
    switch (frame.type) {
      case 'data':
        this.#onData(frame.bytes);
        return;
      case 'end':
        this.#onEnd(frame.trailers);
        return;
      case 'credit':
        if (!this.#outbox.credit(frame.bytes)) this.#violate('more credit than a peer may give');
        return;
      case 'cancel':
        this.#close();
        this.#ended(frame.reason, frame.text);
        return;
      case 'probe':
        if (!frame.isAck) this.#outbox.probe(true);
        return;
      case 'open':
      case 'accept':
      case 'refuse':
      case 'head':
        this.#violate(`${frame.type} from an ingress`);
        return;
    }
    frame satisfies never;
  }

  #onData(bytes: Buffer): void {
    if (this.#isRequestEnded) {
      this.#violate('data after the end');
      return;
    }
    if (!this.#receiver.data(bytes)) {
      this.#violate('data without credit');
      return;
    }
    this.#confirm();
  }

  #onEnd(trailers: FieldList): void {
    if (this.#isRequestEnded) {
      this.#violate('second end');
      return;
    }
    this.#isRequestEnded = true;
    if (this.#isUpgraded && this.#outbox.isEnded) this.#close();
    this.#receiver.end(trailers);
    this.#confirm();
  }

  #confirm(): void {
    if (this.#isConfirmed) return;
    this.#isConfirmed = true;
    this.#onConfirmed?.();
  }

  #violate(text: string): void {
    this.abort('protocol-violation', text);
  }

  #accept(): void {
    if (this.#hasAnswered || this.#isClosed) return;
    this.#hasAnswered = true;
    this.#outbox.accept();
  }

  /** Ask for the request body by granting its first window. */
  #pull(): void {
    if (this.#isPulling || this.#isClosed || !(this.hasBody || this.isUpgrade)) return;
    this.#isPulling = true;
    this.#host.ledger.start(this.#account, this.#host.now());
  }

  #cancel(reason: CancelReason, phase: CancelPhase, text: string): void {
    const known = this.#hasHead ? 'response-begun' : phase;
    this.#close(encodeCancelPacket(this.id, this.#outbox.nextSequence, reason, known, text));
  }

  #ended(reason: CancelReason, text: string): void {
    this.#receiver.abort(reason);
    this.#handlers.onCancel(reason, text);
  }

  #close(packet?: Buffer): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#outbox.close(packet);
    this.#host.delist(this);
  }
}
