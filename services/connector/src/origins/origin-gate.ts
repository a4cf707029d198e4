import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { OriginOpener } from './connect-origin.ts';
import { Http2Pool } from './http2-pool.ts';
import { failureText, originFailure } from './origin-failure.ts';
import type { LaneApplicant } from './origin-lane.ts';
import { OriginPool } from './origin-pool.ts';
import type { OriginTarget } from './origin-target.ts';

export type OriginGateOptions = {
  readonly target: OriginTarget;
  readonly opener: OriginOpener;
  readonly maxConnections: number;
  readonly maxWaiting: number;
  readonly connectTimeoutMs: number;
  readonly idleMs: number;
  readonly maxIdleMs: number;
  /** The last connection of an origin that was closed is gone. */
  onEmpty(): void;
};

type Asked = { readonly applicant: LaneApplicant; readonly isFresh: boolean };

/**
 * All connections to one origin, whichever protocol they speak. Where that is left to the origin, the first connection
 * asks (ALPN, RFC 7301) and the calls of that moment wait for its answer. Upgrades always go over HTTP/1.1.
 */
export class OriginGate {
  readonly #options: OriginGateOptions;
  readonly #http1: OriginPool;
  readonly #http2: Http2Pool;
  #spoken: 'http1' | 'http2' | undefined;
  readonly #asking = new Set<Asked>();
  #isAsking = false;
  #isClosing = false;

  constructor(options: OriginGateOptions) {
    this.#options = options;
    const { target, opener } = options;
    const { protocol, tls } = target;
    if (protocol !== 'auto') this.#spoken = protocol === 'h2' ? 'http2' : 'http1';
    else if (tls === undefined) this.#spoken = 'http1';
    const onEmpty = (): void => this.#tellWhenEmpty();
    this.#http1 = new OriginPool({ ...options, open: opener.openHttp1, isTls: tls !== undefined, onEmpty });
    const open = (done: (socket: Socket | Error) => void): void => this.#openHttp2(done);
    this.#http2 = new Http2Pool({ origin: target.origin, open, maxWaiting: options.maxWaiting, onEmpty });
  }

  /** Calls back with a lane, perhaps before this returns. `isFresh`: no connection that was used before. */
  acquire(applicant: LaneApplicant, isFresh: boolean): void {
    if (this.#spoken === 'http1' || applicant.request.isUpgrade) this.#http1.acquire(applicant, isFresh);
    else if (this.#spoken === 'http2') this.#http2.acquire(applicant);
    else if (this.#asking.size >= this.#options.maxWaiting)
      applicant.onNoLane('capacity', `${this.#asking.size} calls wait for the first connection to this origin`);
    else {
      this.#asking.add({ applicant, isFresh });
      this.#ask();
    }
  }

  withdraw(applicant: LaneApplicant): void {
    this.#http1.withdraw(applicant);
    this.#http2.withdraw(applicant);
    for (const asked of this.#asking) if (asked.applicant === applicant) this.#asking.delete(asked);
  }

  sweep(nowMs: number): void {
    this.#http1.sweep(nowMs);
    this.#http2.sweep(nowMs);
  }

  /** Closes what is idle now and the rest as its calls end. */
  close(): void {
    this.#isClosing = true;
    this.#http1.close();
    this.#http2.close();
  }

  /** Cuts every connection. */
  destroy(): void {
    this.#isClosing = true;
    this.#asking.clear();
    this.#http1.destroy();
    this.#http2.destroy();
  }

  #ask(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#open(['h2', 'http/1.1'], (result) => {
      this.#isAsking = false;
      const asked = [...this.#asking];
      this.#asking.clear();
      if (result instanceof Error) {
        for (const { applicant } of asked) applicant.onNoLane(originFailure(result), failureText(result));
        return;
      }
      this.#spoken = spokenBy(result);
      if (this.#spoken === 'http2') this.#http2.adopt(result);
      else this.#http1.adopt(result);
      for (const { applicant, isFresh } of asked) this.acquire(applicant, isFresh);
    });
  }

  #openHttp2(done: (socket: Socket | Error) => void): void {
    const isKnown = this.#options.target.tls === undefined;
    this.#open(['h2'], (result) => {
      if (result instanceof Error || isKnown || spokenBy(result) === 'http2') return done(result);
      result.destroy();
      if (this.#options.target.protocol === 'auto') this.#spoken = undefined;
      done(Object.assign(new Error('origin does not offer HTTP/2'), { code: 'ERR_HTTP2_NOT_OFFERED' }));
    });
  }

  /** Opens a socket and calls back once, with it or with why not. */
  #open(protocols: readonly string[], done: (result: Socket | Error) => void): void {
    const { opener, target, connectTimeoutMs } = this.#options;
    let socket: Socket;
    try {
      socket = opener.open(protocols);
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    const settle = (result: Socket | Error): void => {
      clearTimeout(timer);
      socket.removeAllListeners('error').removeAllListeners('close');
      if (result instanceof Error) socket.on('error', () => undefined).destroy();
      done(result);
    };
    const late = Object.assign(new Error(`no connection within ${connectTimeoutMs} ms`), { code: 'ETIMEDOUT' });
    const timer = setTimeout(() => settle(late), connectTimeoutMs);
    socket.once(target.tls === undefined ? 'connect' : 'secureConnect', () => settle(socket));
    socket.once('error', (error) => settle(error));
    socket.once('close', () => settle(Object.assign(new Error('connection closed'), { code: 'ECONNRESET' })));
  }

  #tellWhenEmpty(): void {
    if (this.#isClosing && this.#http1.isEmpty && this.#http2.isEmpty) this.#options.onEmpty();
  }
}

function spokenBy(socket: Socket): 'http1' | 'http2' {
  return socket instanceof TLSSocket && socket.alpnProtocol === 'h2' ? 'http2' : 'http1';
}
