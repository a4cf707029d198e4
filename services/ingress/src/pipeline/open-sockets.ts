import { Roster } from '#libs/roster';

const TICK_MS = 100;
/** This many are told at once, however few there are in all. */
const MIN_BATCH = 100;

export type OpenSocket = { goAway(): void };

/** The WebSockets of this process: at a drain they are told to go, not all in one moment, since their users come again. */
export class OpenSockets {
  readonly #open = new Roster<OpenSocket>();
  #timer: NodeJS.Timeout | undefined;
  #isGoing = false;

  get size(): number {
    return this.#open.size;
  }

  /** One that opens at a drain is told at once. */
  add(socket: OpenSocket): void {
    this.#open.add(socket);
    if (this.#isGoing) setImmediate(() => socket.goAway());
  }

  remove(socket: OpenSocket): void {
    this.#open.delete(socket);
  }

  /** Tells all of them within `spreadMs`. Safe to call twice. */
  goAway(spreadMs: number): void {
    if (this.#isGoing) return;
    this.#isGoing = true;
    const waiting = [...this.#open];
    const batch = Math.max(MIN_BATCH, Math.ceil((waiting.length * TICK_MS) / Math.max(spreadMs, TICK_MS)));
    const tell = () => {
      for (const socket of waiting.splice(0, batch)) socket.goAway();
      if (waiting.length === 0) this.stop();
    };
    this.#timer = setInterval(tell, TICK_MS);
    tell();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
