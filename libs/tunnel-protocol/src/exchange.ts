import type {
  BodyConsumer,
  ExchangeHandlers,
  FieldList,
  RequestHead,
  RespondOptions,
  ServerExchange,
} from './channel.ts';
import { ChannelEnd } from './channel-end.ts';
import { type ChannelId, channelText } from './channel-ids.ts';
import type { Lane } from './coalescing-publisher.ts';
import { encodeCancelPacket, encodeRefusePacket, prepareHead } from './encode-frame.ts';
import type { ExchangeHost } from './exchange-host.ts';
import type { Frame, OpenFrame } from './frame.ts';
import { MAX_INFORMATIONAL, START_WINDOW_BYTES } from './limits.ts';
import type { CancelPhase, CancelReason, RefuseReason } from './reasons.ts';

const NO_HANDLERS: ExchangeHandlers = { onCancel: () => undefined };

/** One request at the connector. */
export class TunnelExchange extends ChannelEnd implements ServerExchange {
  readonly ingressId: string;
  /** As tables know it. */
  readonly id: ChannelId;
  readonly head: RequestHead;
  readonly metadata: FieldList;
  readonly hasBody: boolean;
  readonly isUpgrade: boolean;
  readonly #host: ExchangeHost;
  readonly #openedAtMs: number;
  #handlers = NO_HANDLERS;
  #isConfirmed: boolean;
  #isRequestEnded: boolean;
  #isPulling = false;
  /** The ingress has heard of it, or is about to. */
  hasAnswered = false;
  #onConfirmed: (() => void) | undefined;

  constructor(host: ExchangeHost, ingressId: string, id: ChannelId, open: OpenFrame, lane: Lane) {
    // A WebSocket mostly says little: its window grows as it is used.
    super(host, 0, open.credit, 0, open.isUpgrade ? START_WINDOW_BYTES : undefined);
    this.#host = host;
    this.ingressId = ingressId;
    this.id = id;
    this.head = { method: open.method, target: open.target, fields: open.fields };
    this.metadata = open.metadata;
    this.hasBody = !open.isComplete && !open.isEmpty && !open.isUpgrade;
    this.isUpgrade = open.isUpgrade;
    this.#isConfirmed = open.isComplete || open.isUpgrade;
    this.#isRequestEnded = open.isComplete;
    this.#openedAtMs = host.now();
    this.expectFrom(1);
    this.outbox.setPeer(lane, id);
    host.ledger.bind(this.account, ingressId, this.#openedAtMs);
    if (open.isComplete) this.receiver.end([]);
  }

  get channelId(): string {
    return channelText(this.id);
  }

  setHandlers(handlers: ExchangeHandlers): void {
    this.#handlers = handlers;
  }

  onceConfirmed(callback: () => void): void {
    if (this.isClosed || this.#onConfirmed !== undefined) return;
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
    this.receiver.attach(consumer);
  }

  informational(status: number, fields: FieldList): void {
    if (this.isClosed || this.hasHead || this.informationalCount >= MAX_INFORMATIONAL) return;
    const head = prepareHead(status, fields, false, false);
    // A 1xx response is advice: one that cannot be sent is left out.
    if (typeof head === 'string') return;
    this.informationalCount++;
    this.hasAnswered = true;
    this.outbox.head(head);
  }

  respondHead(status: number, fields: FieldList, options: RespondOptions = {}): void {
    if (this.isClosed || this.hasHead) return;
    const isUpgraded = options.isUpgraded === true;
    const isEnd = options.hasBody === false && !isUpgraded;
    const head = prepareHead(status, fields, isEnd, isUpgraded);
    if (typeof head === 'string') {
      this.fail('origin-invalid', 'origin-contacted', `response head: ${head}`);
      // The caller did not ask for this end, so it is told.
      this.#handlers.onCancel('origin-invalid', `response head: ${head}`);
      return;
    }
    this.hasAnswered = true;
    this.hasHead = true;
    this.isUpgraded = isUpgraded;
    this.outbox.head(head);
    if (isEnd) this.outbox.endWithHead();
  }

  write(chunk: Uint8Array): boolean {
    return this.outbox.write(chunk);
  }

  end(trailers?: FieldList): void {
    if (this.outbox.end(trailers)) return;
    // Trailers are advice to most readers, the body is complete: it ends without them.
    this.outbox.end(undefined);
  }

  refuse(reason: RefuseReason, text = ''): void {
    if (this.isClosed) return;
    this.#close(encodeRefusePacket(this.id, this.outbox.nextSequence, reason, text));
    this.receiver.abort();
  }

  fail(reason: CancelReason, phase: CancelPhase, text = ''): void {
    if (this.isClosed) return;
    this.#cancel(reason, phase, text);
    this.receiver.abort();
  }

  onOutboxDrain(): void {
    this.#host.guard(this, () => this.#handlers.onDrain?.());
  }

  onOutboxProgress(): void {
    this.hasAnswered = true;
  }

  onOutboxEnded(): void {
    if (this.isUpgraded) {
      if (this.#isRequestEnded) this.#close();
      return;
    }
    this.#close();
    // The answer is complete: whatever the origin has not read of the request, it did not want.
    this.#host.guard(this, () => this.receiver.abort('not-needed'));
  }

  /** End the exchange because of the ingress or the tunnel: both sides are told. */
  abort(reason: CancelReason, text: string): void {
    if (this.isClosed) return;
    this.#host.onAborted(this, reason);
    this.#cancel(reason, 'origin-contacted', text);
    this.#ended(reason, text);
  }

  onSweep(nowMs: number, isConnected: boolean): void {
    if (!this.hasAnswered && nowMs - this.#openedAtMs >= this.#host.acceptDelayMs) this.#accept();
    this.sweepPeer(nowMs, isConnected);
  }

  protected onFrame(frame: Exclude<Frame, { type: 'probe' }>): void {
    switch (frame.type) {
      case 'data':
        this.#onData(frame.bytes);
        return;
      case 'end':
        this.#onEnd(frame.trailers);
        return;
      case 'credit':
        if (!this.outbox.credit(frame.bytes)) this.violate('more credit than a peer may give');
        return;
      case 'cancel':
        this.#close();
        this.#ended(frame.reason, frame.text);
        return;
      case 'open':
      case 'accept':
      case 'refuse':
      case 'head':
        this.violate(`${frame.type} from an ingress`);
        return;
    }
    frame satisfies never;
  }

  #onData(bytes: Buffer): void {
    if (this.#isRequestEnded) {
      this.violate('data after the end');
      return;
    }
    if (!this.receiver.data(bytes)) {
      this.violate('data without credit');
      return;
    }
    this.#confirm();
  }

  #onEnd(trailers: FieldList): void {
    if (this.#isRequestEnded) {
      this.violate('second end');
      return;
    }
    this.#isRequestEnded = true;
    if (this.isUpgraded && this.outbox.isEnded) this.#close();
    this.receiver.end(trailers);
    this.#confirm();
  }

  #confirm(): void {
    if (this.#isConfirmed) return;
    this.#isConfirmed = true;
    this.#onConfirmed?.();
  }

  #accept(): void {
    if (this.hasAnswered || this.isClosed) return;
    this.hasAnswered = true;
    this.outbox.accept();
  }

  /** Ask for the request body by granting its first window. */
  #pull(): void {
    if (this.#isPulling || this.isClosed || !(this.hasBody || this.isUpgrade)) return;
    this.#isPulling = true;
    this.#host.ledger.start(this.account, this.#host.now());
  }

  #cancel(reason: CancelReason, phase: CancelPhase, text: string): void {
    const known = this.hasHead ? 'response-begun' : phase;
    this.#close(encodeCancelPacket(this.id, this.outbox.nextSequence, reason, known, text));
  }

  #ended(reason: CancelReason, text: string): void {
    this.receiver.abort(reason);
    this.#handlers.onCancel(reason, text);
  }

  #close(packet?: Buffer): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.outbox.close(packet);
    this.#host.delist(this);
  }
}
