import type { NatsConnection } from 'nats';
import type { Logger } from '#libs/telemetry';
import { Pulse, TICK_MS } from './pulse.ts';

/** Whether the hub at the other end of one connection still speaks. */
export type HubPulse = {
  /** Nothing came for long and a ping stays unanswered, although the connection stands. */
  readonly isSilent: boolean;
  /** Called with `isSilent` when it changes. Must not throw; for good, there is no way to take it back. */
  onChange(listener: (isSilent: boolean) => void): void;
  /** Safe to call twice. */
  stop(): void;
};

/**
 * Listens for a hub that is frozen: its sockets stay open, so the client itself would notice after two of its pings only,
 * 40 s. Asks with a ping when nothing was heard for half a second, and calls the hub silent when nothing at all has come
 * 750 ms later. A connection that is lost is not silent: the client says so itself.
 */
export function watchPulse(connection: NatsConnection, logger: Logger): HubPulse {
  const pulse = new Pulse(performance.now());
  const listeners: ((isSilent: boolean) => void)[] = [];
  let isSilent = false;
  let isConnected = true;
  let messages = connection.stats().inMsgs;
  const set = (value: boolean) => {
    if (value === isSilent) return;
    isSilent = value;
    if (value) logger.warn('hub is silent, requests wait');
    else logger.info('hub speaks again');
    for (const listener of listeners) listener(value);
  };
  const heard = () => {
    pulse.heard(performance.now());
    set(false);
  };
  const timer = setInterval(() => {
    if (!isConnected) return;
    const now = connection.stats().inMsgs;
    if (now !== messages) heard();
    messages = now;
    const state = pulse.tick(performance.now());
    // A connection that closes meanwhile answers by the status.
    if (state === 'ask') connection.flush().then(heard, () => undefined);
    set(state === 'silent');
  }, TICK_MS);
  const watch = async () => {
    for await (const { type } of connection.status()) {
      if (type !== 'disconnect' && type !== 'reconnect') continue;
      isConnected = type === 'reconnect';
      // After all who listen to the status themselves: they are to find another link, not the silent one back.
      if (isConnected) setImmediate(heard);
    }
    clearInterval(timer);
  };
  watch().catch((error: unknown) => logger.error('hub pulse ended', { error }));
  return {
    get isSilent() {
      return isSilent;
    },
    onChange: (listener) => listeners.push(listener),
    stop: () => clearInterval(timer),
  };
}
