import { BodyReceiver } from './body-receiver.ts';
import type { CoalescingPublisher } from './coalescing-publisher.ts';
import type { CreditAccount, CreditOwner } from './credit-account.ts';
import type { CreditLedger } from './credit-ledger.ts';
import type { Frame } from './frame.ts';
import { Outbox, type OutboxOwner } from './outbox.ts';
import { PeerWatch } from './peer-watch.ts';
import type { CancelReason } from './reasons.ts';

/** What both ends of a channel need from the process they live in. */
export type EndHost = {
  readonly publisher: CoalescingPublisher;
  readonly ledger: CreditLedger;
  readonly probeAfterMs: number;
  readonly probeTimeoutMs: number;
  readonly now: () => number;
};

/** What the two ends of a channel have in common: one direction out, one in, credit for both, and the peer's silence. */
export abstract class ChannelEnd implements OutboxOwner, CreditOwner {
  readonly #host: EndHost;
  readonly #watch: PeerWatch;
  #nextSequence = 0;
  protected outbox: Outbox;
  protected account: CreditAccount;
  protected receiver: BodyReceiver;
  protected isClosed = false;
  /** The final response head has passed. */
  protected hasHead = false;
  protected isUpgraded = false;
  protected informationalCount = 0;

  /** `ownCredit` has been granted to the peer, `peerCredit` by it. `windowBytes`: by default the ledger's for a start. */
  constructor(host: EndHost, firstSequence: number, peerCredit: number, ownCredit: number, windowBytes?: number) {
    const nowMs = host.now();
    this.#host = host;
    this.#watch = new PeerWatch(host, nowMs);
    this.outbox = new Outbox(host.publisher, this, firstSequence, peerCredit);
    this.account = host.ledger.open(this, ownCredit, nowMs, windowBytes);
    this.receiver = new BodyReceiver(host.ledger, this.account, host.now);
  }

  get isOpen(): boolean {
    return !this.isClosed;
  }

  pause(): void {
    this.receiver.pause();
  }

  resume(): void {
    this.receiver.resume();
  }

  grantCredit(bytes: number): void {
    this.outbox.grant(bytes);
  }

  onReaderStalled(): void {
    this.receiver.compact();
  }

  /** One packet of the peer that has this channel. */
  onPacket(isReset: boolean, sequence: number, frames: readonly Frame[]): void {
    this.heard();
    if (sequence !== this.#nextSequence && !isReset) {
      this.abort('gap', `expected packet ${this.#nextSequence}, got ${sequence}`);
      return;
    }
    this.#nextSequence = (this.#nextSequence + 1) >>> 0;
    const outbox = this.outbox;
    for (const frame of frames) {
      if (frame.type === 'probe') this.#onProbe(frame.isAck);
      else this.onFrame(frame);
      // Closed, or dispatched again: what follows in this packet belongs to nobody.
      if (this.isClosed || this.outbox !== outbox) return;
    }
  }

  /** End the channel because of what the other side did; both sides are told. */
  abstract abort(reason: CancelReason, text: string): void;
  abstract onOutboxDrain(): void;
  abstract onOutboxEnded(): void;
  abstract onOutboxProgress(): void;
  protected abstract onFrame(frame: Exclude<Frame, { type: 'probe' }>): void;

  /** Ask the peer whether it still has this channel, and whether anything got lost. */
  probe(nowMs: number): void {
    if (!this.isClosed && this.#watch.ask(nowMs)) this.outbox.probe(false);
  }

  protected violate(text: string): void {
    this.abort('protocol-violation', text);
  }

  protected heard(): void {
    this.#watch.received(this.#host.now());
  }

  protected expectFrom(sequence: number): void {
    this.#nextSequence = sequence;
  }

  protected sweepPeer(nowMs: number, isConnected: boolean): void {
    const state = this.#watch.check(nowMs, isConnected);
    if (state === 'silent') this.abort('peer-silent', 'probe was not answered');
    if (state === 'ask') this.probe(nowMs);
  }

  /** Forget everything about the peer there was; its credit is returned, what is held of it dropped. */
  protected startOver(firstSequence: number, ownCredit: number): void {
    this.outbox.close();
    this.receiver.abort();
    this.#nextSequence = 0;
    this.outbox = new Outbox(this.#host.publisher, this, firstSequence, 0);
    this.account = this.#host.ledger.open(this, ownCredit, this.#host.now());
    this.receiver = new BodyReceiver(this.#host.ledger, this.account, this.#host.now);
  }

  #onProbe(isAnswer: boolean): void {
    if (!isAnswer) this.outbox.probe(true);
  }
}
