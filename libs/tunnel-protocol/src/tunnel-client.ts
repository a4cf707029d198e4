// long because it owns the table of channels and every way into it: messages, deadlines, the link, its callers
import { BundleReader } from './bundle-reader.ts';
import type { ChannelHandlers, ClientChannel, OpenRequest } from './channel.ts';
import type { ChannelHost } from './channel-host.ts';
import { type ChannelId, ChannelIds, channelText } from './channel-ids.ts';
import { ChannelTable } from './channel-table.ts';
import { DispatchedChannel } from './client-channel.ts';
import { CoalescingPublisher } from './coalescing-publisher.ts';
import { CoarseClock } from './coarse-clock.ts';
import { CreditLedger, DEFAULT_LEDGER_LIMITS } from './credit-ledger.ts';
import { decodeFrames } from './decode-packet.ts';
import { DownLanes } from './down-lanes.ts';
import { encodeResetPacket } from './encode-frame.ts';
import { type Frame, hasProbe, type MalformedReason } from './frame.ts';
import { HeldHeads } from './held-heads.ts';
import {
  ACCEPT_DEADLINE_MS,
  IDLE_CREDIT_MS,
  MAX_CLIENT_CHANNELS,
  MAX_DISPATCHES,
  PROBE_AFTER_MS,
  PROBE_TIMEOUT_MS,
  SETTLED_SWEEPS,
  SWEEP_INTERVAL_MS,
} from './limits.ts';
import type { TunnelClientOptions, TunnelEvent } from './options.ts';
import { prepareRequest } from './prepare-request.ts';
import { refusedChannel } from './refused-channel.ts';
import { BUNDLES, NO_CONNECTOR, parsePeer, requireSubjectId, upWildcard } from './subjects.ts';
import { SweepTimer } from './sweep-timer.ts';
import type { TransportSubscription } from './transport.ts';

/**
 * The ingress end of the tunnel: opens channels to connector groups. One subscription for all of them; deadlines of all
 * channels are checked by one timer, which runs only while channels are open.
 */
export class TunnelClient {
  readonly #options: TunnelClientOptions;
  readonly #clock = new CoarseClock();
  readonly #publisher: CoalescingPublisher;
  readonly #ledger: CreditLedger;
  readonly #lanes: DownLanes;
  readonly #held: HeldHeads;
  /** Connectors that have not been heard of since the link came back. */
  readonly #unseen = new Set<string>();
  readonly #channels = new ChannelTable<DispatchedChannel>();
  readonly #subscription: TransportSubscription;
  readonly #prefixLength: number;
  readonly #host: ChannelHost;
  readonly #maxChannels: number;
  readonly #sweeper: SweepTimer;
  #sweeps = 0;
  #ledgerSweptAtMs = 0;
  #linkNumber: number | undefined;
  #isStopped = false;

  constructor(options: TunnelClientOptions) {
    this.#options = options;
    this.#sweeper = new SweepTimer(() => this.#sweep(), options.sweepIntervalMs ?? SWEEP_INTERVAL_MS);
    const ingressId = requireSubjectId('ingress id', options.ingressId);
    this.#publisher = new CoalescingPublisher(options.transport);
    this.#lanes = new DownLanes(this.#publisher, ingressId);
    this.#held = new HeldHeads(options.holdMs, options.returnGraceMs);
    this.#ledger = new CreditLedger({
      ...DEFAULT_LEDGER_LIMITS,
      processCapBytes: options.processCapBytes ?? DEFAULT_LEDGER_LIMITS.processCapBytes,
    });
    this.#maxChannels = options.maxChannels ?? MAX_CLIENT_CHANNELS;
    const wildcard = upWildcard(ingressId);
    this.#prefixLength = wildcard.length - 1;
    this.#host = this.#createHost(ingressId);
    this.#linkNumber = options.transport.linkNumber?.();
    options.transport.onLinkChange?.((isUp) => this.#onLink(isUp));
    this.#subscription = options.transport.subscribe(wildcard, {}, (subject, packet, status) =>
      this.#onMessage(subject, packet, status),
    );
  }

  get openChannels(): number {
    return this.#channels.size;
  }

  /** Bytes granted to connectors or held for slow readers. */
  get committedBytes(): number {
    return this.#ledger.committedBytes;
  }

  /** Bytes of bodies that wait here for credit. */
  get queuedBytes(): number {
    return this.#publisher.queuedBytes;
  }

  /** Requests that wait for the link to the hub. */
  get heldRequests(): number {
    return this.#held.count;
  }

  /** Never throws for what a request contains: every failure arrives at `handlers.onFailure`, after this returned. */
  open(request: OpenRequest, handlers: ChannelHandlers): ClientChannel {
    requireSubjectId('connector group', request.group);
    if (this.#isStopped) return refusedChannel(handlers, 'stopped', 'the tunnel is stopped');
    if (this.#channels.size >= this.#maxChannels) {
      return refusedChannel(handlers, 'too-many-channels', `${this.#maxChannels} channels are open, the maximum`);
    }
    if (request.signal?.aborted === true) return refusedChannel(handlers, 'user-gone', 'aborted before it was opened');
    const prepared = prepareRequest(request);
    if ('problem' in prepared) return refusedChannel(handlers, prepared.reason, `request head: ${prepared.problem}`);
    this.#onLink(this.#isConnected());
    this.#sweeper.start();
    return new DispatchedChannel(this.#host, request, prepared.open, handlers, prepared.isIdempotent);
  }

  /** Abort every channel pinned to a connector that fell silent or was revoked. Returns how many. */
  connectorLost(connectorId: string): number {
    this.#unseen.delete(connectorId);
    const pinned = this.#pinnedTo(connectorId);
    for (const channel of pinned) channel.abort('connector-lost', `connector ${connectorId} was lost`);
    return pinned.length;
  }

  /** A connector came back under the same id: ask at once which of its channels still exist. */
  connectorRestarted(connectorId: string): void {
    for (const channel of this.#pinnedTo(connectorId)) channel.probe(this.#clock.tick());
  }

  /** A heartbeat of this connector arrived: the first after a loss of the link lets its channels be probed. */
  connectorSeen(connectorId: string): void {
    if (this.#unseen.delete(connectorId)) this.connectorRestarted(connectorId);
  }

  /** Cancel what is open and unsubscribe. Safe to call twice. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#sweeper.stop();
    for (const channel of this.#channels.values()) channel.abort('stopped', 'the ingress stops');
    this.#publisher.flush();
    this.#subscription.close();
    await this.#options.transport.flush?.();
  }

  #pinnedTo(connectorId: string): DispatchedChannel[] {
    return this.#channels.values().filter((channel) => channel.connectorId === connectorId);
  }

  #createHost(ingressId: string): ChannelHost {
    const ids = new ChannelIds();
    const { selector } = this.#options;
    return {
      publisher: this.#publisher,
      ledger: this.#ledger,
      ingressId,
      maxDispatches: this.#options.maxDispatches ?? MAX_DISPATCHES,
      acceptDeadlineMs: this.#options.acceptDeadlineMs ?? ACCEPT_DEADLINE_MS,
      probeAfterMs: this.#options.probeAfterMs ?? PROBE_AFTER_MS,
      probeTimeoutMs: this.#options.probeTimeoutMs ?? PROBE_TIMEOUT_MS,
      now: () => this.#clock.nowMs,
      held: this.#held,
      openChannels: () => this.#channels.size,
      choose: (group, affinityKey, tried) =>
        selector?.choose(group, affinityKey, tried, this.#publisher.turn, this.#clock.nowMs),
      laneTo: (connectorId) => this.#lanes.to(connectorId),
      proved: (group, connectorId) => selector?.proved(group, connectorId, this.#clock.nowMs),
      unreachable: (connectorId) => selector?.unreachable(connectorId),
      began: (connectorId) => selector?.began(connectorId),
      ended: (connectorId) => selector?.ended(connectorId),
      newChannelId: () => ids.next(),
      headLane: (group, isAgain) => this.#lanes.toGroup(group, isAgain),
      enlist: (channel) => this.#channels.set(channel.channelId, channel),
      delist: (channel) => this.#channels.delete(channel.channelId),
      guard: (channel, action) => this.#guard(channel, action),
      onAcceptMissed: ({ group, id, dispatches }) =>
        this.#emit({ type: 'accept-missed', group, channelId: id, dispatch: dispatches }),
      onAborted: (channel, reason) =>
        this.#emit({ type: 'channel-aborted', reason, peerId: channel.connectorId ?? '', channelId: channel.id }),
    };
  }

  #emit(event: TunnelEvent): void {
    this.#options.onEvent?.(event);
  }

  #onMessage(subject: string, bytes: Uint8Array, status: number | undefined): void {
    const from = parsePeer(subject, this.#prefixLength);
    if (from === undefined) return;
    if (status !== undefined) {
      if (status === 503 && from.peerId === NO_CONNECTOR) this.#onNoResponders(Number(from.last));
      return;
    }
    if (from.last !== BUNDLES || from.peerId === NO_CONNECTOR) {
      this.#drop('unknown-subject');
      return;
    }
    this.#clock.tick();
    const bundle = new BundleReader(bytes);
    while (bundle.next()) this.#onPacket(from.peerId, bundle);
    if (bundle.problem !== undefined) this.#drop(bundle.problem);
  }

  /** Nobody serves the group, or listens for the connector: every head of that bundle has failed. */
  #onNoResponders(bundleId: number): void {
    for (const channel of this.#channels.values()) {
      if (channel.bundleId === bundleId && bundleId > 0) this.#guard(channel, () => channel.onNoResponders());
    }
  }

  #onPacket(connectorId: string, packet: BundleReader): void {
    const channel = this.#channels.get(packet.high, packet.middle, packet.low);
    const isKnown = channel !== undefined && channel.connectorId === connectorId;
    if (!isKnown && packet.isReset) {
      this.#drop('unknown-channel');
      return;
    }
    const frames = decodeFrames(packet.source, packet.start, packet.end);
    if (isKnown) {
      this.#receive(channel, packet, frames);
      return;
    }
    if (typeof frames === 'string' || (packet.sequence !== 0 && !hasProbe(frames))) {
      this.#drop(typeof frames === 'string' ? frames : 'unknown-channel');
      return;
    }
    if (channel === undefined || packet.sequence !== 0 || !channel.isOpenTo(connectorId)) {
      this.#dismiss(connectorId, packet, channel !== undefined);
      return;
    }
    channel.pin(connectorId, this.#lanes.to(connectorId));
    this.#receive(channel, packet, frames);
  }

  #drop(reason: string): void {
    this.#emit({ type: 'dropped-packet', reason });
  }

  /** A first answer that came too late, or to a channel another connector has: the exchange must end over there. */
  #dismiss(connectorId: string, id: ChannelId, isIntruder: boolean): void {
    this.#emit({ type: isIntruder ? 'intruder' : 'late-answer', connectorId, channelId: channelText(id) });
    this.#lanes.to(connectorId).publish(encodeResetPacket(id, 'not-needed'));
  }

  /** `#guard` without a closure, for the path every packet takes. */
  #receive(channel: DispatchedChannel, packet: BundleReader, frames: readonly Frame[] | MalformedReason): void {
    try {
      if (typeof frames === 'string') channel.abort('malformed', frames);
      else channel.onPacket(packet.isReset, packet.sequence, frames);
    } catch (error) {
      this.#emit({ type: 'callback-failed', error, channelId: channel.id });
      this.#abandon(channel);
    }
  }

  /** A callback that throws costs its own channel, never the read loop. */
  #guard(channel: DispatchedChannel, action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#emit({ type: 'callback-failed', error, channelId: channel.id });
      this.#abandon(channel);
    }
  }

  #abandon(channel: DispatchedChannel): void {
    try {
      channel.abort('internal', 'callback failed');
    } catch (error) {
      this.#emit({ type: 'callback-failed', error, channelId: channel.id });
    }
  }

  #sweepOne(channel: DispatchedChannel, nowMs: number, isConnected: boolean): void {
    try {
      channel.onSweep(nowMs, isConnected);
    } catch (error) {
      this.#emit({ type: 'callback-failed', error, channelId: channel.id });
      this.#abandon(channel);
    }
  }

  #isConnected(): boolean {
    return this.#options.transport.isConnected?.() ?? true;
  }

  /**
   * The link was lost or is back. Running channels are not asked before their connector has been heard of again: the
   * question itself could get lost, and would be missed like any packet. A link that was only silent has lost nothing.
   */
  #onLink(isUp: boolean): void {
    const nowMs = this.#clock.tick();
    if (!this.#held.setLink(isUp, nowMs)) return;
    const isSameLink = isUp && this.#isSameLink();
    if (isUp) this.#options.selector?.resumed(nowMs);
    for (const channel of this.#channels.values()) {
      if (isUp && !isSameLink && channel.connectorId !== undefined) this.#unseen.add(channel.connectorId);
      this.#guard(channel, () => channel.onLink(isUp, isSameLink));
    }
  }

  #isSameLink(): boolean {
    const before = this.#linkNumber;
    this.#linkNumber = this.#options.transport.linkNumber?.();
    return before !== undefined && before === this.#linkNumber;
  }

  #sweep(): void {
    const nowMs = this.#clock.tick();
    // Answers that have come whole may still wait for their readers: those stall too.
    if (this.#channels.size === 0 && this.#ledger.committedBytes === 0) {
      this.#sweeper.stop();
      return;
    }
    const isConnected = this.#isConnected();
    this.#onLink(isConnected);
    const isForAll = ++this.#sweeps % SETTLED_SWEEPS === 0;
    for (const channel of this.#channels.values()) {
      if (isForAll || channel.connectorId === undefined) this.#sweepOne(channel, nowMs, isConnected);
    }
    if (nowMs - this.#ledgerSweptAtMs < IDLE_CREDIT_MS / 2) return;
    this.#ledgerSweptAtMs = nowMs;
    this.#ledger.sweep(nowMs);
  }
}
