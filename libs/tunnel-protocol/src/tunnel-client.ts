import type { ChannelFailure, ChannelHandlers, ClientChannel, OpenRequest } from './channel.ts';
import type { ChannelHost } from './channel-host.ts';
import { ChannelIds } from './channel-ids.ts';
import { DispatchedChannel } from './client-channel.ts';
import { CoalescingPublisher } from './coalescing-publisher.ts';
import { CreditLedger, DEFAULT_LEDGER_LIMITS } from './credit-ledger.ts';
import { decodePacket } from './decode-packet.ts';
import { encodeCancelPacket, prepareOpen } from './encode-frame.ts';
import { hasProbe, OPEN_EMPTY, OPEN_END, OPEN_UPGRADE, type Packet } from './frame.ts';
import {
  ACCEPT_DEADLINE_MS,
  IDLE_CREDIT_MS,
  MAX_CLIENT_CHANNELS,
  MAX_DISPATCHES,
  PROBE_AFTER_MS,
  PROBE_TIMEOUT_MS,
  SWEEP_INTERVAL_MS,
} from './limits.ts';
import type { TunnelClientOptions, TunnelEvent } from './options.ts';
import type { FailureReason } from './reasons.ts';
import { downSubject, NO_CONNECTOR, parseUpSubject, requireSubjectId, upWildcard } from './subjects.ts';
import type { TransportSubscription } from './transport.ts';

/** RFC 9110, 9.2.2. */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/**
 * The ingress end of the tunnel: opens channels to connector groups. One subscription for all of them; deadlines of all
 * channels are checked by one timer, which runs only while channels are open.
 */
export class TunnelClient {
  readonly #options: TunnelClientOptions;
  readonly #publisher: CoalescingPublisher;
  readonly #ledger: CreditLedger;
  readonly #channels = new Map<string, DispatchedChannel>();
  readonly #subscription: TransportSubscription;
  readonly #prefixLength: number;
  readonly #host: ChannelHost;
  readonly #maxChannels: number;
  #sweepTimer: NodeJS.Timeout | undefined;
  #ledgerSweptAtMs = 0;
  #isStopped = false;

  constructor(options: TunnelClientOptions) {
    this.#options = options;
    const ingressId = requireSubjectId('ingress id', options.ingressId);
    this.#publisher = new CoalescingPublisher(options.transport);
    this.#ledger = new CreditLedger({
      ...DEFAULT_LEDGER_LIMITS,
      processCapBytes: options.processCapBytes ?? DEFAULT_LEDGER_LIMITS.processCapBytes,
    });
    this.#maxChannels = options.maxChannels ?? MAX_CLIENT_CHANNELS;
    const wildcard = upWildcard(ingressId);
    this.#prefixLength = wildcard.length - 1;
    this.#host = this.#createHost(ingressId);
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

  /** Never throws for what a request contains: every failure arrives at `handlers.onFailure`, after this returned. */
  open(request: OpenRequest, handlers: ChannelHandlers): ClientChannel {
    requireSubjectId('connector group', request.group);
    if (this.#isStopped) return refused(handlers, 'stopped', 'the tunnel is stopped');
    if (this.#channels.size >= this.#maxChannels) {
      return refused(handlers, 'too-many-channels', `${this.#maxChannels} channels are open, the maximum`);
    }
    if (request.signal?.aborted === true) return refused(handlers, 'user-gone', 'aborted before it was opened');
    const isUpgrade = request.isUpgrade === true;
    const isIdempotent = request.isIdempotent ?? IDEMPOTENT.has(request.head.method);
    const isComplete = !request.hasBody && !isUpgrade && isIdempotent;
    const isEmpty = !request.hasBody && !isUpgrade && !isComplete;
    const flags = (isComplete ? OPEN_END : 0) | (isUpgrade ? OPEN_UPGRADE : 0) | (isEmpty ? OPEN_EMPTY : 0);
    const open = prepareOpen(request.head, request.metadata, flags);
    if (typeof open === 'string') {
      return refused(
        handlers,
        open === 'forbidden-character' ? 'malformed' : 'head-too-large',
        `request head: ${open}`,
      );
    }
    this.#startSweep();
    return new DispatchedChannel(this.#host, request, open, handlers, isIdempotent);
  }

  /** Abort every channel pinned to a connector that fell silent or was revoked. Returns how many. */
  connectorLost(connectorId: string): number {
    const pinned = this.#pinnedTo(connectorId);
    for (const channel of pinned) channel.abort('connector-lost', `connector ${connectorId} was lost`);
    return pinned.length;
  }

  /** A connector came back under the same id: ask at once which of its channels still exist. */
  connectorRestarted(connectorId: string): void {
    for (const channel of this.#pinnedTo(connectorId)) channel.probe(this.#host.now());
  }

  /** Cancel what is open and unsubscribe. Safe to call twice. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    clearInterval(this.#sweepTimer);
    for (const channel of this.#channels.values()) channel.abort('stopped', 'the ingress stops');
    this.#publisher.flush();
    this.#subscription.close();
    await this.#options.transport.flush?.();
  }

  #pinnedTo(connectorId: string): DispatchedChannel[] {
    return [...this.#channels.values()].filter((channel) => channel.connectorId === connectorId);
  }

  #createHost(ingressId: string): ChannelHost {
    const ids = new ChannelIds();
    return {
      publisher: this.#publisher,
      ledger: this.#ledger,
      ingressId,
      maxDispatches: this.#options.maxDispatches ?? MAX_DISPATCHES,
      acceptDeadlineMs: this.#options.acceptDeadlineMs ?? ACCEPT_DEADLINE_MS,
      probeAfterMs: this.#options.probeAfterMs ?? PROBE_AFTER_MS,
      probeTimeoutMs: this.#options.probeTimeoutMs ?? PROBE_TIMEOUT_MS,
      now: () => performance.now(),
      openChannels: () => this.#channels.size,
      newChannelId: () => ids.next(),
      enlist: (channel) => this.#channels.set(channel.id, channel),
      delist: (channel) => this.#channels.delete(channel.id),
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
    const channel = this.#channels.get(subject.slice(subject.lastIndexOf('.') + 1));
    if (status !== undefined) {
      if (status === 503 && channel !== undefined) this.#guard(channel, () => channel.onNoResponders());
      return;
    }
    const decoded = decodePacket(bytes);
    const isKnown = channel !== undefined && channel.pinnedSubject === subject;
    if (!decoded.ok) {
      if (isKnown) this.#guard(channel, () => channel.abort('malformed', decoded.reason));
      else this.#emit({ type: 'dropped-packet', reason: decoded.reason });
      return;
    }
    const { packet } = decoded;
    if (!isKnown) {
      if (packet.isReset || (packet.sequence !== 0 && !hasProbe(packet))) {
        this.#emit({ type: 'dropped-packet', reason: 'unknown-channel' });
        return;
      }
      const from = parseUpSubject(subject, this.#prefixLength);
      if (from === undefined || from.connectorId === NO_CONNECTOR) return;
      if (channel === undefined || channel.pinnedSubject !== undefined || packet.sequence !== 0) {
        this.#dismiss(from.connectorId, from.channelId, channel !== undefined);
        return;
      }
      channel.pin(from.connectorId, subject);
    }
    if (channel !== undefined) this.#receive(channel, packet);
  }

  /** A first answer that came too late, or to a channel another connector has: the exchange must end over there. */
  #dismiss(connectorId: string, channelId: string, isIntruder: boolean): void {
    this.#emit({ type: isIntruder ? 'intruder' : 'late-answer', connectorId, channelId });
    const subject = downSubject(connectorId, this.#host.ingressId, channelId);
    this.#publisher.publish(subject, encodeCancelPacket(0, true, 'not-needed', 'origin-contacted', ''));
  }

  /** `#guard` without a closure, for the path every packet takes. */
  #receive(channel: DispatchedChannel, packet: Packet): void {
    try {
      channel.onPacket(packet);
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

  #startSweep(): void {
    this.#sweepTimer ??= setInterval(() => this.#sweep(), this.#options.sweepIntervalMs ?? SWEEP_INTERVAL_MS);
  }

  #sweep(): void {
    const nowMs = this.#host.now();
    if (this.#channels.size === 0) {
      clearInterval(this.#sweepTimer);
      this.#sweepTimer = undefined;
      return;
    }
    const isConnected = this.#options.transport.isConnected?.() ?? true;
    for (const channel of this.#channels.values()) {
      this.#guard(channel, () => channel.onSweep(nowMs, isConnected));
    }
    if (nowMs - this.#ledgerSweptAtMs < IDLE_CREDIT_MS / 2) return;
    this.#ledgerSweptAtMs = nowMs;
    this.#ledger.sweep(nowMs);
  }
}

/** A channel that never was: reports its failure once the caller holds it. */
function refused(handlers: ChannelHandlers, reason: FailureReason, text: string): ClientChannel {
  const failure: ChannelFailure = {
    reason,
    retryClass: 'not-dispatched',
    mayRetry: reason !== 'head-too-large' && reason !== 'malformed',
    connectorId: undefined,
    refusal: undefined,
    dispatches: 0,
    text,
  };
  let isOpen = true;
  queueMicrotask(() => {
    if (!isOpen) return;
    isOpen = false;
    handlers.onFailure(failure);
  });
  return {
    id: '',
    connectorId: undefined,
    dispatches: 0,
    get isOpen() {
      return isOpen;
    },
    receiveBody: () => undefined,
    pause: () => undefined,
    resume: () => undefined,
    write: () => true,
    end: () => undefined,
    cancel: () => {
      isOpen = false;
    },
  };
}
