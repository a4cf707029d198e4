import { CLOSE_GOING_AWAY, closeFrame, HalfSocket } from '#libs/websocket-frames';

/** Time both sides have to answer our close frames; then what is left of the connection is ended without them. */
const CLOSE_WAIT_MS = 5_000;

/** The pipe that a relay belongs to. */
export type RelayOwner = {
  sendToUser(frame: Uint8Array): void;
  sendToOrigin(frame: Uint8Array): void;
  /** Time is up: the connection ends now. */
  closeTimedOut(): void;
};

/** Knows where frames end in both directions of one WebSocket, so that we can close it in order (RFC 6455, 7). */
export class WebSocketRelay {
  readonly toUser = new HalfSocket();
  readonly toOrigin = new HalfSocket();
  readonly #owner: RelayOwner;
  #timer: NodeJS.Timeout | undefined;

  constructor(owner: RelayOwner) {
    this.#owner = owner;
  }

  /** Tells both sides that this ingress goes away; where a frame is under way, behind it. */
  goAway(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.#owner.closeTimedOut(), CLOSE_WAIT_MS);
    const toUser = this.toUser.close(closeFrame('server', CLOSE_GOING_AWAY));
    if (toUser) this.#owner.sendToUser(toUser);
    const toOrigin = this.toOrigin.close(closeFrame('client', CLOSE_GOING_AWAY));
    if (toOrigin) this.#owner.sendToOrigin(toOrigin);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
