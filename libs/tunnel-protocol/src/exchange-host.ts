import type { EndHost } from './channel-end.ts';
import type { TunnelExchange } from './exchange.ts';
import type { CancelReason } from './reasons.ts';

/** What an exchange needs from its server. */
export type ExchangeHost = EndHost & {
  readonly connectorId: string;
  readonly acceptDelayMs: number;
  delist(exchange: TunnelExchange): void;
  /** Run a callback of the caller; when it throws, its exchange ends and nothing else. */
  guard(exchange: TunnelExchange, action: () => void): void;
  onAborted(exchange: TunnelExchange, reason: CancelReason): void;
};
