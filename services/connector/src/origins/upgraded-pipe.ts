import type { BodyConsumer, CancelReason, ServerExchange } from '#libs/tunnel-protocol';
import type { BytePort } from './origin-lane.ts';

/**
 * Two-way bytes after an upgrade (WebSocket). Back-pressure both ways; each side is half-closed as it ends. Idle for as
 * long as both sides like: the ingress and TCP keep-alive find the dead.
 */
export class UpgradedPipe implements BodyConsumer {
  readonly #exchange: ServerExchange;
  readonly #port: BytePort;
  readonly #onEnd: (reason: CancelReason | undefined, text: string) => void;
  #isOriginDone = false;
  #isUserDone = false;

  constructor(
    exchange: ServerExchange,
    port: BytePort,
    onEnd: (reason: CancelReason | undefined, text: string) => void,
  ) {
    this.#exchange = exchange;
    this.#port = port;
    this.#onEnd = onEnd;
  }

  start(): void {
    this.#exchange.receiveBody(this);
  }

  // ---- the origin's side

  onOriginData(chunk: Uint8Array): void {
    if (!this.#exchange.write(chunk)) this.#port.pause();
  }

  onOriginEnd(): void {
    if (this.#isOriginDone) return;
    this.#isOriginDone = true;
    this.#exchange.end();
    this.#settle();
  }

  onPortDrain(): void {
    this.#exchange.resume();
  }

  // ---- the user's side

  onData(chunk: Uint8Array): void {
    if (!this.#port.write(chunk)) this.#exchange.pause();
  }

  onEnd(): void {
    this.#isUserDone = true;
    this.#port.end();
    this.#settle();
  }

  onAbort(): void {
    this.destroy();
  }

  onDrain(): void {
    this.#port.resume();
  }

  destroy(): void {
    this.#isOriginDone = true;
    this.#port.abort();
  }

  #settle(): void {
    if (this.#isOriginDone && this.#isUserDone) this.#onEnd(undefined, '');
  }
}
