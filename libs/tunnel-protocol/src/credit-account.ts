import { SHORT_WINDOW_BYTES, STALLED_READER_MS } from './limits.ts';

/** Window of a reader that is behind, bytes: halving ends here. */
export const LAGGING_WINDOW_BYTES = SHORT_WINDOW_BYTES;
const LAGGING_MS = 200;
const TUNING_MS = 1_000;

/** Receives the grants of one account; called synchronously from ledger methods, of this account or of another. */
export type CreditOwner = {
  grantCredit(bytes: number): void;
  /** The reader takes nothing of what is held: keep it in as little memory as it needs. */
  onReaderStalled?(): void;
};

export type CreditAccount = {
  readonly owner: CreditOwner;
  link: CreditLink | undefined;
  /** Receive allowance this channel aims at, bytes. */
  window: number;
  /** Granted and not yet received. */
  outstanding: number;
  /** Received and not yet consumed. */
  held: number;
  /** False while `outstanding` is left out of the caps because nothing has come for IDLE_CREDIT_MS. */
  isCharged: boolean;
  isQueued: boolean;
  isDone: boolean;
  isClosed: boolean;
  lastAtMs: number;
  /** Since when more than half of the window has been held. */
  laggingSinceMs: number | undefined;
  tunedAtMs: number;
  consumedSinceTuning: number;
  /** Since when bytes are held and none was taken; without meaning while nothing is held. */
  waitingSinceMs: number;
  /** Taken since it last stalled: what proves a reader fast. */
  takenBytes: number;
  previous: CreditAccount | undefined;
  next: CreditAccount | undefined;
};

export type CreditLink = {
  readonly id: string;
  capBytes: number;
  /** Outstanding credit of the charged accounts of this link. */
  charged: number;
  accounts: number;
  /** Waiting for room, first come first served. */
  queue: CreditAccount[];
  periodStartMs: number;
  periodBytes: number;
};

/** An account whose peer already holds `outstanding` bytes of credit. */
export function createAccount(
  owner: CreditOwner,
  outstanding: number,
  windowBytes: number,
  nowMs: number,
  next: CreditAccount | undefined,
): CreditAccount {
  return {
    owner,
    link: undefined,
    window: windowBytes,
    outstanding,
    held: 0,
    isCharged: true,
    isQueued: false,
    isDone: false,
    isClosed: false,
    lastAtMs: nowMs,
    laggingSinceMs: undefined,
    tunedAtMs: nowMs,
    consumedSinceTuning: 0,
    waitingSinceMs: nowMs,
    takenBytes: 0,
    previous: undefined,
    next,
  };
}

/** Halve the window of a reader that has held more than half of it for LAGGING_MS: a burst alone is no lag. */
export function narrow(account: CreditAccount, nowMs: number): void {
  if (account.held <= account.window / 2) return;
  account.laggingSinceMs ??= nowMs;
  if (nowMs - account.laggingSinceMs < LAGGING_MS) return;
  account.laggingSinceMs = nowMs;
  account.window = Math.max(Math.min(account.window, LAGGING_WINDOW_BYTES), account.window >>> 1);
}

/** Whether its reader has just been found to take nothing any more: it begins anew, with a small window. */
export function hasStalled(account: CreditAccount, nowMs: number): boolean {
  if (account.held === 0 || nowMs - account.waitingSinceMs < STALLED_READER_MS) return false;
  account.waitingSinceMs = nowMs;
  account.takenBytes = 0;
  account.window = Math.min(account.window, LAGGING_WINDOW_BYTES);
  return true;
}

/** Double the window of a reader that took all of it within TUNING_MS and is not behind. */
export function widen(account: CreditAccount, bytes: number, maxBytes: number, nowMs: number): void {
  if (nowMs - account.tunedAtMs > TUNING_MS) {
    account.tunedAtMs = nowMs;
    account.consumedSinceTuning = 0;
  }
  account.consumedSinceTuning += bytes;
  if (account.held > account.window / 2) return;
  account.laggingSinceMs = undefined;
  if (account.consumedSinceTuning < account.window) return;
  account.tunedAtMs = nowMs;
  account.consumedSinceTuning = 0;
  account.window = Math.max(account.window, Math.min(maxBytes, 2 * account.window));
}
