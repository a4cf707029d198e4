import type { Duplex } from 'node:stream';
import type { BodyConsumer, CancelReason, ServerExchange } from '#libs/tunnel-protocol';
import { failureText, originFailure } from './origin-failure.ts';

/**
 * Two-way bytes after an upgrade (WebSocket). Back-pressure both ways; each side is half-closed as it ends. Idle for as
 * long as both sides like: the ingress and TCP keep-alive find the dead.
 */
export class UpgradedPipe implements BodyConsumer {
  readonly #exchange: ServerExchange;
  readonly #socket: Duplex;
  readonly #onEnd: (reason: CancelReason | undefined, text: string) => void;
  #isOriginDone = false;
  #isUserDone = false;

  constructor(
    exchange: ServerExchange,
    socket: Duplex,
    onEnd: (reason: CancelReason | undefined, text: string) => void,
  ) {
    this.#exchange = exchange;
    this.#socket = socket;
    this.#onEnd = onEnd;
  }

  start(): void {
    const socket = this.#socket;
    socket.on('data', (chunk: Buffer) => {
      if (!this.#exchange.write(chunk)) socket.pause();
    });
    socket.on('drain', () => this.#exchange.resume());
    socket.on('end', () => this.#originDone());
    socket.on('error', (error) => this.#onEnd(originFailure(error), failureText(error)));
    socket.on('close', () => {
      if (!this.#isOriginDone) this.#onEnd('origin-aborted', 'origin closed the upgraded connection');
    });
    this.#exchange.receiveBody(this);
  }

  onData(chunk: Uint8Array): void {
    if (!this.#socket.write(chunk)) this.#exchange.pause();
  }

  onEnd(): void {
    this.#isUserDone = true;
    this.#socket.end();
    this.#settle();
  }

  onAbort(): void {
    this.destroy();
  }

  onDrain(): void {
    this.#socket.resume();
  }

  destroy(): void {
    this.#isOriginDone = true;
    this.#socket.destroy();
  }

  #originDone(): void {
    if (this.#isOriginDone) return;
    this.#isOriginDone = true;
    this.#exchange.end();
    this.#settle();
  }

  #settle(): void {
    if (this.#isOriginDone && this.#isUserDone) this.#onEnd(undefined, '');
  }
}
