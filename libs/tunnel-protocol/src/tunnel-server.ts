// long because it owns the table of exchanges and every way into it: heads, messages, deadlines, drain
import { randomUUID } from 'node:crypto';
import { BundleReader } from './bundle-reader.ts';
import type { ChannelId } from './channel-ids.ts';
import { ChannelTable } from './channel-table.ts';
import { CoalescingPublisher, type Lane, peerRoute } from './coalescing-publisher.ts';
import { CoarseClock } from './coarse-clock.ts';
import { CreditLedger, DEFAULT_LEDGER_LIMITS } from './credit-ledger.ts';
import { decodeFrames } from './decode-packet.ts';
import { encodeRefusePacket, encodeResetPacket } from './encode-frame.ts';
import { TunnelExchange } from './exchange.ts';
import type { ExchangeHost } from './exchange-host.ts';
import { type Frame, hasProbe, type MalformedReason, type OpenFrame } from './frame.ts';
import { headOf, isHead } from './head-packet.ts';
import { encodeHeartbeat } from './heartbeat.ts';
import {
  ACCEPT_DELAY_MS,
  HEARTBEAT_INTERVAL_MS,
  IDLE_CREDIT_MS,
  MAX_SERVER_CHANNELS,
  PROBE_AFTER_MS,
  PROBE_TIMEOUT_MS,
  REQUEST_WINDOW_BYTES,
  SETTLED_SWEEPS,
  SWEEP_INTERVAL_MS,
} from './limits.ts';
import type { ServeOptions, TunnelEvent, TunnelServerOptions } from './options.ts';
import type { RefuseReason } from './reasons.ts';
import {
  BUNDLES,
  downWildcard,
  headSubject,
  heartbeatSubject,
  parsePeer,
  requireSubjectId,
  upSubject,
} from './subjects.ts';
import { SweepTimer } from './sweep-timer.ts';
import type { TransportSubscription } from './transport.ts';

/** The connector end of the tunnel: takes requests of its groups and answers them. */
export class TunnelServer {
  /** New with every start; stands in the heartbeats. */
  readonly instanceId: string = randomUUID();
  readonly #options: TunnelServerOptions;
  readonly #clock = new CoarseClock();
  readonly #publisher: CoalescingPublisher;
  readonly #ledger: CreditLedger;
  readonly #exchanges = new ChannelTable<TunnelExchange>();
  readonly #down: TransportSubscription;
  readonly #queues: TransportSubscription[] = [];
  readonly #prefixLength: number;
  readonly #host: ExchangeHost;
  readonly #maxChannels: number;
  readonly #sweeper: SweepTimer;
  readonly #heartbeatTimer: NodeJS.Timeout | undefined;
  #sweeps = 0;
  #ledgerSweptAtMs = 0;
  #drained: Promise<void> | undefined;
  #onEmpty: (() => void) | undefined;
  #isDraining = false;
  #isStopped = false;

  constructor(options: TunnelServerOptions) {
    this.#options = options;
    this.#sweeper = new SweepTimer(() => this.#sweep(), options.sweepIntervalMs ?? SWEEP_INTERVAL_MS);
    requireSubjectId('connector id', options.connectorId);
    this.#publisher = new CoalescingPublisher(options.transport);
    this.#ledger = new CreditLedger({
      ...DEFAULT_LEDGER_LIMITS,
      startWindowBytes: REQUEST_WINDOW_BYTES,
      maxWindowBytes: REQUEST_WINDOW_BYTES,
      processCapBytes: options.processCapBytes ?? DEFAULT_LEDGER_LIMITS.processCapBytes,
    });
    this.#maxChannels = options.maxChannels ?? MAX_SERVER_CHANNELS;
    this.#host = this.#createHost();
    const wildcard = downWildcard(options.connectorId);
    this.#prefixLength = wildcard.length - 1;
    this.#down = options.transport.subscribe(wildcard, {}, (subject, packet, status) => {
      if (status === undefined) this.#onDown(subject, packet);
    });
    const intervalMs = options.heartbeatIntervalMs ?? HEARTBEAT_INTERVAL_MS;
    if (intervalMs > 0) this.#heartbeatTimer = setInterval(() => this.#sendHeartbeat(), intervalMs);
  }

  get openChannels(): number {
    return this.#exchanges.size;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Bytes granted to ingresses or held for slow origins. */
  get committedBytes(): number {
    return this.#ledger.committedBytes;
  }

  /** Bytes of bodies that wait here for credit. */
  get queuedBytes(): number {
    return this.#publisher.queuedBytes;
  }

  /** Join the queue of a connector group and announce this connector. Drain or close what is returned to leave it. */
  serve({ group, queue }: ServeOptions): TransportSubscription {
    requireSubjectId('connector group', group);
    const subscription = this.#options.transport.subscribe(
      headSubject(group),
      { queue },
      (_subject, packet, status) => {
        if (status === undefined) this.#onHeads(packet);
      },
    );
    this.#queues.push(subscription);
    this.#sendHeartbeat();
    return subscription;
  }

  /**
   * Leave the queues, refuse what was still on its way, and resolve when all running exchanges have ended. Has no
   * deadline of its own: call `stop` when patience ends. Safe to call twice.
   */
  drain(): Promise<void> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  /** Cancel what still runs with `stopped`, unsubscribe, send what is pending. Safe to call twice. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#isDraining = true;
    clearInterval(this.#heartbeatTimer);
    this.#sweeper.stop();
    for (const exchange of this.#exchanges.values()) {
      this.#guard(exchange, () => exchange.abort('stopped', 'the connector stops'));
    }
    this.#publisher.flush();
    for (const queue of this.#queues) queue.close();
    this.#down.close();
    await this.#options.transport.flush?.();
  }

  async #drain(): Promise<void> {
    this.#isDraining = true;
    if (!this.#isStopped) this.#sendHeartbeat();
    await Promise.all(this.#queues.map((queue) => queue.drain()));
    if (this.#exchanges.size > 0) {
      await new Promise<void>((resolve) => {
        this.#onEmpty = resolve;
      });
    }
    this.#publisher.flush();
    await this.#options.transport.flush?.();
  }

  #createHost(): ExchangeHost {
    return {
      publisher: this.#publisher,
      ledger: this.#ledger,
      connectorId: this.#options.connectorId,
      acceptDelayMs: this.#options.acceptDelayMs ?? ACCEPT_DELAY_MS,
      probeAfterMs: this.#options.probeAfterMs ?? PROBE_AFTER_MS,
      probeTimeoutMs: this.#options.probeTimeoutMs ?? PROBE_TIMEOUT_MS,
      now: () => this.#clock.nowMs,
      delist: (exchange) => {
        this.#exchanges.delete(exchange.id);
        if (this.#exchanges.size === 0) this.#onEmpty?.();
      },
      guard: (exchange, action) => this.#guard(exchange, action),
      onAborted: ({ ingressId, channelId }, reason) =>
        this.#emit({ type: 'channel-aborted', reason, peerId: ingressId, channelId }),
    };
  }

  #emit(event: TunnelEvent): void {
    this.#options.onEvent?.(event);
  }

  #sendHeartbeat(): void {
    const heartbeat = encodeHeartbeat({
      instanceId: this.instanceId,
      sentAt: new Date().toISOString(),
      openChannels: this.#exchanges.size,
      isDraining: this.#isDraining,
    });
    this.#publisher.publishMessage(heartbeatSubject(this.#options.connectorId), heartbeat);
  }

  /** Heads for the group. */
  #onHeads(bytes: Uint8Array): void {
    this.#clock.tick();
    const bundle = new BundleReader(bytes);
    while (bundle.next()) {
      if (bundle.ingressId === '') this.#drop('not-a-head');
      else this.#onHead(bundle.ingressId, bundle, decodeFrames(bundle.source, bundle.start, bundle.end));
    }
    if (bundle.problem !== undefined) this.#drop(bundle.problem);
  }

  #onHead(ingressId: string, packet: BundleReader, frames: readonly Frame[] | MalformedReason): void {
    const open = headOf(packet, frames);
    if (typeof open === 'string') {
      this.#drop(open);
      return;
    }
    const existing = this.#exchanges.get(packet.high, packet.middle, packet.low);
    if (existing !== undefined) {
      if (existing.ingressId === ingressId) this.#guard(existing, () => existing.abort('gap', 'the head came twice'));
      else this.#drop('unknown-channel');
      return;
    }
    if (this.#isDraining) this.#refuse(ingressId, packet, 'draining');
    else if (this.#exchanges.size >= this.#maxChannels) this.#refuse(ingressId, packet, 'capacity');
    else this.#startExchange(ingressId, packet, open);
  }

  #laneTo(ingressId: string): Lane {
    const known = this.#publisher.lane(ingressId);
    if (known !== undefined) return known;
    const subject = upSubject(ingressId, this.#options.connectorId, BUNDLES);
    return this.#publisher.addLane(ingressId, peerRoute(subject));
  }

  #refuse(ingressId: string, id: ChannelId, reason: RefuseReason): void {
    this.#laneTo(ingressId).publish(encodeRefusePacket(id, 0, reason, ''));
  }

  #startExchange(ingressId: string, { high, middle, low }: ChannelId, open: OpenFrame): void {
    const exchange = new TunnelExchange(this.#host, ingressId, { high, middle, low }, open, this.#laneTo(ingressId));
    this.#exchanges.set(exchange.id, exchange);
    this.#sweeper.start();
    this.#guard(exchange, () => exchange.setHandlers(this.#options.onRequest(exchange)));
  }

  #onDown(subject: string, bytes: Uint8Array): void {
    const from = parsePeer(subject, this.#prefixLength);
    // The connector's other subjects have subscriptions of their own.
    if (from?.last !== BUNDLES) return;
    this.#clock.tick();
    const bundle = new BundleReader(bytes);
    while (bundle.next()) this.#onPacket(from.peerId, bundle);
    if (bundle.problem !== undefined) this.#drop(bundle.problem);
  }

  #onPacket(ingressId: string, packet: BundleReader): void {
    const frames = decodeFrames(packet.source, packet.start, packet.end);
    const exchange = this.#exchanges.get(packet.high, packet.middle, packet.low);
    if (exchange !== undefined && exchange.ingressId === ingressId) this.#receive(exchange, packet, frames);
    else if (exchange === undefined && isHead(packet, frames)) this.#onHead(ingressId, packet, frames);
    else this.#onStray(ingressId, packet, frames);
  }

  /** Credit and data that crossed the end of their exchange are normal; a probe wants to know. */
  #onStray(ingressId: string, packet: BundleReader, frames: readonly Frame[] | MalformedReason): void {
    if (typeof frames !== 'string' && !packet.isReset && hasProbe(frames)) {
      this.#laneTo(ingressId).publish(encodeResetPacket(packet, 'connector-lost'));
      return;
    }
    this.#drop(typeof frames === 'string' ? frames : 'unknown-channel');
  }

  #drop(reason: string): void {
    this.#emit({ type: 'dropped-packet', reason });
  }

  /** `#guard` without a closure, for the path every packet takes. */
  #receive(exchange: TunnelExchange, packet: BundleReader, frames: readonly Frame[] | MalformedReason): void {
    try {
      if (typeof frames === 'string') exchange.abort('malformed', frames);
      else exchange.onPacket(packet.isReset, packet.sequence, frames);
    } catch (error) {
      this.#failed(exchange, error);
    }
  }

  /** A callback that throws costs its own exchange, never the read loop. */
  #guard(exchange: TunnelExchange, action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#failed(exchange, error);
    }
  }

  #failed(exchange: TunnelExchange, error: unknown): void {
    this.#emit({ type: 'callback-failed', error, channelId: exchange.channelId });
    exchange.fail('internal', 'origin-contacted', 'callback failed');
  }

  #sweepOne(exchange: TunnelExchange, nowMs: number, isConnected: boolean): void {
    try {
      exchange.onSweep(nowMs, isConnected);
    } catch (error) {
      this.#failed(exchange, error);
    }
  }

  #sweep(): void {
    const nowMs = this.#clock.tick();
    if (this.#exchanges.size === 0) {
      this.#sweeper.stop();
      return;
    }
    const isConnected = this.#options.transport.isConnected?.() ?? true;
    const isForAll = ++this.#sweeps % SETTLED_SWEEPS === 0;
    for (const exchange of this.#exchanges.values()) {
      if (isForAll || !exchange.hasAnswered) this.#sweepOne(exchange, nowMs, isConnected);
    }
    if (nowMs - this.#ledgerSweptAtMs < IDLE_CREDIT_MS / 2) return;
    this.#ledgerSweptAtMs = nowMs;
    this.#ledger.sweep(nowMs);
  }
}
