import type { CoalescingPublisher } from './coalescing-publisher.ts';
import type { CreditLedger } from './credit-ledger.ts';
import type { TunnelExchange } from './exchange.ts';
import type { CancelReason } from './reasons.ts';

/** What an exchange needs from its server. */
export type ExchangeHost = {
  readonly publisher: CoalescingPublisher;
  readonly ledger: CreditLedger;
  readonly connectorId: string;
  readonly acceptDelayMs: number;
  readonly probeAfterMs: number;
  readonly probeTimeoutMs: number;
  readonly now: () => number;
  delist(exchange: TunnelExchange): void;
  /** Run a callback of the caller; when it throws, its exchange ends and nothing else. */
  guard(exchange: TunnelExchange, action: () => void): void;
  onAborted(exchange: TunnelExchange, reason: CancelReason): void;
};
