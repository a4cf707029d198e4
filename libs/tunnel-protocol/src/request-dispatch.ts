import type { BundleWriter } from './bundle-writer.ts';
import type { ChannelHost } from './channel-host.ts';
import type { ChannelId } from './channel-ids.ts';
import type { DispatchedChannel } from './client-channel.ts';
import type { PacketSource } from './coalescing-publisher.ts';
import { openPacketBytes, type PreparedOpen, writeOpenPacket } from './encode-frame.ts';
import { HELD_RETRY_MS } from './limits.ts';
import type { FailureReason } from './reasons.ts';

/** Where a dispatch is. `held`: waits for the link, or for the connectors to return behind it. */
type DispatchState = 'held' | 'sent' | 'answered' | 'over';

const NO_CHANNEL: ChannelId = { high: 0, middle: 0, low: 0 };

/** The search of one request for a connector: chosen or drawn by the queue, again when nobody answers, held meanwhile. */
export class RequestDispatch implements PacketSource {
  readonly #host: ChannelHost;
  readonly #channel: DispatchedChannel;
  readonly #open: PreparedOpen;
  #state: DispatchState = 'over';
  #id = NO_CHANNEL;
  #bundleId = 0;
  #count = 0;
  #credit = 0;
  #sinceMs = 0;
  #heldBytes = 0;
  #hasMissed = false;
  /** The connector it was sent to; undefined: whom the queue draws. */
  #chosen: string | undefined;
  /** The connector whose load counts this request. */
  #counted: string | undefined;
  #tried: string[] | undefined;

  constructor(host: ChannelHost, channel: DispatchedChannel, open: PreparedOpen) {
    this.#host = host;
    this.#channel = channel;
    this.#open = open;
  }

  get id(): ChannelId {
    return this.#id;
  }

  /** How often it was sent, without those that reached nobody for sure. */
  get count(): number {
    return this.#count;
  }

  /** The bundle it left in last. */
  get bundleId(): number {
    return this.#bundleId;
  }

  /** A dispatch stayed unanswered: somebody may have it nevertheless. */
  get hasMissed(): boolean {
    return this.#hasMissed;
  }

  get isSearching(): boolean {
    return this.#state === 'held' || this.#state === 'sent';
  }

  /** Whether an answer of this connector may be the first one. */
  isOpenTo(connectorId: string): boolean {
    return this.#state === 'sent' && (this.#chosen === undefined || this.#chosen === connectorId);
  }

  /** Send, or hold while there is no link. `credit` stands in the head. */
  start(credit: number): void {
    this.#credit = credit;
    this.#sinceMs = this.#host.now();
    this.#id = this.#host.newChannelId();
    this.#host.enlist(this.#channel);
    if (this.#host.held.isLinkUp) this.#send();
    else this.#hold();
  }

  /** The first answer. */
  answered(connectorId: string): void {
    this.#state = 'answered';
    this.#countAt(connectorId);
    if (this.#chosen === undefined) this.#host.proved(this.#channel.group, connectorId);
  }

  /** The connector that has it does not want it. */
  refused(connectorId: string | undefined, text: string): void {
    this.#avoid(connectorId);
    this.#again('refused', text);
  }

  /** The server itself says that this bundle reached nobody. */
  noResponders(): void {
    if (this.#state !== 'sent') return;
    this.#count--;
    this.#avoid(this.#chosen);
    if (this.#chosen !== undefined) this.#host.unreachable(this.#chosen);
    if (this.#host.held.mayWait(this.#host.now())) this.#hold();
    else if (this.#chosen !== undefined) this.#again('no-connector', `connector ${this.#chosen} is not there`);
    else this.#channel.onUndelivered('no-connector', `no connector serves group ${this.#channel.group}`);
  }

  /**
   * The link was lost or has come back: what is on its way is unknown, what waits may leave. On the same link as before it
   * is still on its way, and has its accept deadline once more.
   */
  onLink(isUp: boolean, isSameLink: boolean): void {
    if (this.#state === 'sent' && !isUp) this.#hasMissed = true;
    if (!isUp || !this.isSearching) return;
    if (this.#state === 'sent' && isSameLink) this.#sinceMs = this.#host.now();
    else if (this.#state === 'sent') this.#again('accept-timeout', 'the link to the hub was lost');
    else this.#sendHeld();
  }

  sweep(nowMs: number): void {
    const { held } = this.#host;
    if (this.#state === 'held') {
      if (this.#heldBytes === 0 || !held.mayWait(nowMs)) this.#channel.onUndelivered('no-connector', this.#whyHeld());
      else if (held.isLinkUp && nowMs - this.#sinceMs >= HELD_RETRY_MS) this.#sendHeld();
      return;
    }
    if (this.#state !== 'sent') return;
    if (!held.isLinkUp) {
      this.#sinceMs = nowMs;
      if (!held.mayWait(nowMs)) this.#channel.onUndelivered('no-connector', this.#whyHeld());
      return;
    }
    if (nowMs - this.#sinceMs < this.#host.acceptDeadlineMs) return;
    this.#hasMissed = true;
    this.#avoid(this.#chosen);
    this.#host.onAcceptMissed(this.#channel);
    this.#again('accept-timeout', 'no connector accepted in time');
  }

  close(): void {
    this.#unhold();
    this.#countAt(undefined);
    this.#state = 'over';
  }

  /** The head, at the end of the turn it was dispatched in. */
  flushPackets(bundle: BundleWriter): void {
    if (this.#state !== 'sent') return;
    const start = bundle.reserve(openPacketBytes(this.#open));
    writeOpenPacket(bundle.target, start, this.#open, this.#id, this.#credit);
    this.#bundleId = bundle.bundleId;
  }

  #send(): void {
    this.#state = 'sent';
    this.#count++;
    this.#bundleId = 0;
    this.#chosen = this.#host.choose(this.#channel.group, this.#channel.affinityKey, this.#tried);
    this.#countAt(this.#chosen);
    const { group } = this.#channel;
    const lane =
      this.#chosen === undefined ? this.#host.headLane(group, this.#count > 1) : this.#host.laneTo(this.#chosen);
    lane.schedule(this, openPacketBytes(this.#open));
  }

  /** Another connector may have it, under a new id, as long as nothing of the body was taken. */
  #again(reason: FailureReason, text: string): void {
    if (!this.#channel.mayDispatchAgain || this.#count >= this.#host.maxDispatches) {
      this.#channel.onUndelivered(reason, text);
      return;
    }
    this.#host.delist(this.#channel);
    this.#countAt(undefined);
    this.start(this.#channel.onDispatchAgain());
  }

  /** At the bounds of what may be held nothing is booked, and the next sweep ends it: `open` must not call back. */
  #hold(): void {
    this.#state = 'held';
    this.#sinceMs = this.#host.now();
    this.#countAt(undefined);
    const bytes = openPacketBytes(this.#open);
    this.#heldBytes = this.#host.held.mayWait(this.#sinceMs) && this.#host.held.take(bytes) ? bytes : 0;
  }

  #sendHeld(): void {
    if (this.#heldBytes === 0) return;
    this.#unhold();
    this.#host.delist(this.#channel);
    this.start(this.#credit);
  }

  #unhold(): void {
    if (this.#heldBytes > 0) this.#host.held.release(this.#heldBytes);
    this.#heldBytes = 0;
  }

  #whyHeld(): string {
    if (!this.#host.held.isLinkUp) return 'the link to the hub is down';
    return `no connector of group ${this.#channel.group} came back in time`;
  }

  #avoid(connectorId: string | undefined): void {
    if (connectorId === undefined) return;
    if (this.#tried === undefined) this.#tried = [connectorId];
    else this.#tried.push(connectorId);
  }

  #countAt(connectorId: string | undefined): void {
    if (connectorId === this.#counted) return;
    if (this.#counted !== undefined) this.#host.ended(this.#counted);
    if (connectorId !== undefined) this.#host.began(connectorId);
    this.#counted = connectorId;
  }
}
