// long because links, channels and the budget they share are one ledger, whose sums must never disagree
import {
  type CreditAccount,
  type CreditLink,
  type CreditOwner,
  createAccount,
  hasStalled,
  LAGGING_WINDOW_BYTES,
  narrow,
  widen,
} from './credit-account.ts';
import {
  EASY_PROCESS_BYTES,
  FAST_READER_BYTES,
  FAST_READER_SHARE,
  IDLE_CREDIT_MS,
  KIB,
  LINK_CAP_HORIZON_MS,
  MAX_LINK_CAP_BYTES,
  MAX_WINDOW_BYTES,
  MIN_LINK_CAP_BYTES,
  MIN_WINDOW_BYTES,
  PROCESS_CAP_BYTES,
  SHORT_WINDOW_BYTES,
  START_WINDOW_BYTES,
} from './limits.ts';

export type LedgerLimits = {
  readonly processCapBytes: number;
  /** Booked of the process cap up to which windows are not cut. */
  readonly easyProcessBytes: number;
  readonly minLinkCapBytes: number;
  readonly maxLinkCapBytes: number;
  readonly startWindowBytes: number;
  readonly maxWindowBytes: number;
  readonly minWindowBytes: number;
};

export const DEFAULT_LEDGER_LIMITS: LedgerLimits = {
  processCapBytes: PROCESS_CAP_BYTES,
  easyProcessBytes: EASY_PROCESS_BYTES,
  minLinkCapBytes: MIN_LINK_CAP_BYTES,
  maxLinkCapBytes: MAX_LINK_CAP_BYTES,
  startWindowBytes: START_WINDOW_BYTES,
  maxWindowBytes: MAX_WINDOW_BYTES,
  minWindowBytes: MIN_WINDOW_BYTES,
};

const MEASURE_MS = 250;
const GRANT_QUANTUM_BYTES = 256 * KIB;

/**
 * Who may send how much: one account per channel, links with an adaptive cap, one cap for the process. No I/O and no
 * clock: instants arrive as arguments, grants leave through the owners.
 *
 * Rules, proved by the property specs: a grant beyond the minimum window never lifts a link's charged credit over its
 * cap, nor the process's bytes (charged and held) over its cap; an account that holds nothing always has credit
 * outstanding, so nobody is starved; after all accounts are closed, nothing is charged.
 */
export class CreditLedger {
  readonly limits: LedgerLimits;
  readonly #links = new Map<string, CreditLink>();
  /** All open accounts, linked: a Set would keep closed ones alive, see ChannelTable. */
  #first: CreditAccount | undefined;
  /** Links whose queue stopped for want of room in the process. */
  readonly #starved = new Set<CreditLink>();
  #committed = 0;

  constructor(limits: LedgerLimits = DEFAULT_LEDGER_LIMITS) {
    this.limits = limits;
  }

  /** Charged outstanding credit plus held bytes of all accounts. */
  get committedBytes(): number {
    return this.#committed;
  }

  /** Whether what arrives may stay long while the budget is short: it pays to hold it in no more memory than it needs. */
  isMemoryShortFor(account: CreditAccount): boolean {
    return this.#committed > this.limits.easyProcessBytes && account.takenBytes < FAST_READER_BYTES;
  }

  /** Charged outstanding credit, cap and waiting accounts of a link, for metrics and specs. */
  linkState(id: string): { chargedBytes: number; capBytes: number; waiting: number } | undefined {
    const link = this.#links.get(id);
    return link && { chargedBytes: link.charged, capBytes: link.capBytes, waiting: link.queue.length };
  }

  /** Credit to hand out before the peer is known: all of the maximum for few channels, the minimum for thousands. */
  initialCredit(openChannels: number, maxBytes: number): number {
    const share = Math.floor(this.limits.minLinkCapBytes / (openChannels + 1));
    const room = this.limits.processCapBytes - this.#committed;
    return Math.max(this.limits.minWindowBytes, Math.min(maxBytes, share, room));
  }

  /** Open an account whose peer already holds `outstanding` bytes of credit. */
  open(
    owner: CreditOwner,
    outstanding: number,
    nowMs: number,
    windowBytes = this.limits.startWindowBytes,
  ): CreditAccount {
    const account = createAccount(owner, outstanding, windowBytes, nowMs, this.#first);
    if (this.#first !== undefined) this.#first.previous = account;
    this.#first = account;
    this.#committed += outstanding;
    return account;
  }

  /** The peer has become known. Its credit counts against the link from now on, even above the cap. */
  bind(account: CreditAccount, linkId: string, nowMs: number): void {
    if (account.link !== undefined || account.isClosed) return;
    let link = this.#links.get(linkId);
    if (link === undefined) {
      const capBytes = this.limits.minLinkCapBytes;
      link = { id: linkId, capBytes, charged: 0, accounts: 0, queue: [], periodStartMs: nowMs, periodBytes: 0 };
      this.#links.set(linkId, link);
    }
    link.accounts++;
    account.link = link;
    if (account.isCharged) link.charged += account.outstanding;
  }

  /** Grant what the window asks for: after binding an account that starts with nothing. */
  start(account: CreditAccount, nowMs: number): void {
    this.#request(account, nowMs);
  }

  /** Bytes have arrived. False when the peer is not bound or had no credit for them: nothing has been booked then. */
  received(account: CreditAccount, bytes: number, nowMs: number): boolean {
    const link = account.link;
    if (link === undefined || account.isClosed || account.isDone || bytes > account.outstanding) return false;
    this.#charge(account, nowMs);
    account.outstanding -= bytes;
    if (account.held === 0) account.waitingSinceMs = nowMs;
    account.held += bytes;
    narrow(account, nowMs);
    link.charged -= bytes;
    this.#measure(link, bytes, nowMs);
    if (link.queue.length > 0) this.#pump(link, nowMs);
    return true;
  }

  /** The consumer has taken bytes. */
  consumed(account: CreditAccount, bytes: number, nowMs: number): void {
    account.held -= bytes;
    account.waitingSinceMs = nowMs;
    account.takenBytes += bytes;
    this.#committed -= bytes;
    if (account.isClosed) {
      this.#feedStarved(nowMs);
      return;
    }
    if (!account.isDone) this.#charge(account, nowMs);
    widen(account, bytes, this.limits.maxWindowBytes, nowMs);
    this.#request(account, nowMs);
    this.#feedStarved(nowMs);
  }

  /** The peer will send no more: what it did not use goes back. Held bytes stay booked until consumed. */
  done(account: CreditAccount, nowMs: number): void {
    if (account.isDone || account.isClosed) return;
    account.isDone = true;
    this.#returnOutstanding(account, nowMs);
  }

  /** Return everything. Safe to call twice. */
  close(account: CreditAccount, nowMs: number): void {
    if (account.isClosed) return;
    account.isClosed = true;
    this.#unlink(account);
    this.#committed -= account.held;
    account.held = 0;
    this.#returnOutstanding(account, nowMs);
    const link = account.link;
    if (link !== undefined && --link.accounts === 0) {
      this.#links.delete(link.id);
      this.#starved.delete(link);
    }
  }

  /** Leave out of the caps the credit of channels that went quiet, find stalled readers; call about every IDLE_CREDIT_MS / 2. */
  sweep(nowMs: number): void {
    const touched = new Set<CreditLink>();
    for (let account = this.#first; account !== undefined; account = account.next) {
      if (hasStalled(account, nowMs)) account.owner.onReaderStalled?.();
      if (!account.isCharged || account.outstanding === 0 || nowMs - account.lastAtMs < IDLE_CREDIT_MS) continue;
      account.isCharged = false;
      this.#committed -= account.outstanding;
      if (account.link === undefined) continue;
      account.link.charged -= account.outstanding;
      touched.add(account.link);
    }
    for (const link of touched) this.#pump(link, nowMs);
    this.#feedStarved(nowMs);
  }

  #unlink(account: CreditAccount): void {
    if (account.previous === undefined) this.#first = account.next;
    else account.previous.next = account.next;
    if (account.next !== undefined) account.next.previous = account.previous;
    account.previous = undefined;
    account.next = undefined;
  }

  #charge(account: CreditAccount, nowMs: number): void {
    account.lastAtMs = nowMs;
    if (account.isCharged) return;
    account.isCharged = true;
    this.#committed += account.outstanding;
    if (account.link !== undefined) account.link.charged += account.outstanding;
  }

  #returnOutstanding(account: CreditAccount, nowMs: number): void {
    if (account.isCharged) {
      this.#committed -= account.outstanding;
      if (account.link !== undefined) account.link.charged -= account.outstanding;
    }
    account.outstanding = 0;
    if (account.link !== undefined && account.link.queue.length > 0) this.#pump(account.link, nowMs);
    this.#feedStarved(nowMs);
  }

  #request(account: CreditAccount, nowMs: number): void {
    if (account.isDone || account.isClosed || account.link === undefined) return;
    const booked = account.outstanding + account.held;
    if (booked <= this.limits.minWindowBytes / 2) this.#grant(account, this.limits.minWindowBytes - booked, nowMs);
    if (account.isQueued || !this.#wants(account)) return;
    account.isQueued = true;
    account.link.queue.push(account);
    this.#pump(account.link, nowMs);
  }

  /** Half of the window must be free before a grant is worth a packet: every credit crosses four processes. */
  #wants(account: CreditAccount): boolean {
    const window = this.#windowOf(account);
    return 2 * (window - account.outstanding - account.held) >= window;
  }

  /** Its window, cut to what the budget of the process allows one reader. */
  #windowOf(account: CreditAccount): number {
    const { processCapBytes, easyProcessBytes, maxWindowBytes } = this.limits;
    if (this.#committed <= easyProcessBytes) return account.window;
    const room = Math.max(0, processCapBytes - this.#committed);
    const left = room / Math.max(1, processCapBytes - easyProcessBytes);
    const unproven = maxWindowBytes * left ** 4;
    const allowed = account.takenBytes >= FAST_READER_BYTES ? Math.max(unproven, room * FAST_READER_SHARE) : unproven;
    return Math.min(account.window, Math.max(SHORT_WINDOW_BYTES, Math.floor(allowed)));
  }

  #pump(link: CreditLink, nowMs: number): void {
    this.#starved.delete(link);
    let next = 0;
    for (; next < link.queue.length; next++) {
      const account = link.queue[next];
      if (account === undefined || isQuiet(account) || !this.#wants(account)) {
        if (account !== undefined) account.isQueued = false;
        continue;
      }
      if (!this.#grantFromRoom(link, account, nowMs)) break;
      account.isQueued = false;
      if (!this.#wants(account)) continue;
      account.isQueued = true;
      link.queue.push(account);
    }
    if (next > 0) link.queue.splice(0, next);
  }

  /** One quantum out of the free room; false when too little is free to be worth it. */
  #grantFromRoom(link: CreditLink, account: CreditAccount, nowMs: number): boolean {
    // An account that went quiet counts again with its grant, with all it holds.
    const uncharged = account.isCharged ? 0 : account.outstanding;
    const want = Math.min(this.#windowOf(account) - account.outstanding - account.held, GRANT_QUANTUM_BYTES);
    const least = Math.min(want, LAGGING_WINDOW_BYTES);
    const processRoom = this.limits.processCapBytes - this.#committed - uncharged;
    if (processRoom < least) {
      this.#starved.add(link);
      return false;
    }
    const linkRoom = link.capBytes - link.charged - uncharged;
    if (linkRoom < least) return false;
    this.#grant(account, Math.min(want, linkRoom, processRoom), nowMs);
    return true;
  }

  #grant(account: CreditAccount, bytes: number, nowMs: number): void {
    this.#charge(account, nowMs);
    account.outstanding += bytes;
    this.#committed += bytes;
    if (account.link !== undefined) account.link.charged += bytes;
    account.owner.grantCredit(bytes);
  }

  #feedStarved(nowMs: number): void {
    if (this.#starved.size === 0) return;
    // A pass per link at most: a link that is still starved puts itself back.
    const starved = [...this.#starved];
    for (const link of starved) this.#pump(link, nowMs);
  }

  #measure(link: CreditLink, bytes: number, nowMs: number): void {
    link.periodBytes += bytes;
    const elapsedMs = nowMs - link.periodStartMs;
    if (elapsedMs < MEASURE_MS) return;
    const wanted = (link.periodBytes / elapsedMs) * LINK_CAP_HORIZON_MS;
    const next = Math.max(wanted, link.capBytes * 0.8);
    link.capBytes = Math.floor(Math.min(this.limits.maxLinkCapBytes, Math.max(this.limits.minLinkCapBytes, next)));
    link.periodStartMs = nowMs;
    link.periodBytes = 0;
  }
}

/**
 * Whether it has no use for more credit now: what it has is left out of the caps since nothing comes, and the next bytes ask
 * again. Otherwise channels that are idle would take in turn what busy ones need.
 */
function isQuiet(account: CreditAccount): boolean {
  return account.isDone || account.isClosed || !account.isCharged;
}
