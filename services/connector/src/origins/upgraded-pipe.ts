import type { BodyConsumer, ServerExchange } from '#libs/tunnel-protocol';
import { CLOSE_GOING_AWAY, closeFrame, HalfSocket } from '#libs/websocket-frames';
import type { BytePort } from './origin-lane.ts';

export type PipeOwner = {
  onUserBytes(): void;
  /** Both sides have ended. */
  onPipeEnd(): void;
};

/**
 * Two-way bytes after an upgrade (WebSocket). Back-pressure both ways; each side is half-closed as it ends.
 */
export class UpgradedPipe implements BodyConsumer {
  readonly #exchange: ServerExchange;
  readonly #port: BytePort;
  readonly #owner: PipeOwner;
  /** What the origin is sent. */
  readonly #toOrigin = new HalfSocket();
  #isOriginDone = false;
  #isUserDone = false;

  constructor(exchange: ServerExchange, port: BytePort, owner: PipeOwner) {
    this.#exchange = exchange;
    this.#port = port;
    this.#owner = owner;
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
    this.#owner.onUserBytes();
    const passed = this.#toOrigin.pass(chunk);
    if (passed !== undefined && !this.#port.write(passed)) this.#exchange.pause();
  }

  /** Tells the origin that we go away. False: a frame is under way to it, which nobody will finish. */
  goAway(): boolean {
    const frame = this.#toOrigin.close(closeFrame('client', CLOSE_GOING_AWAY));
    if (frame !== undefined) this.#port.write(frame);
    return this.#toOrigin.isClosedByUs || this.#toOrigin.hasClosed;
  }

  onEnd(): void {
    this.#isUserDone = true;
    this.#port.end();
    this.#settle();
  }

  onAbort(): void {
    this.#isOriginDone = true;
    this.#port.abort();
  }

  #settle(): void {
    if (this.#isOriginDone && this.#isUserDone) this.#owner.onPipeEnd();
  }
}
