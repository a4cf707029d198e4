import type { ClientChannel, FieldList } from '#libs/tunnel-protocol';
import { isReserved } from '../listener/forwarded-headers.ts';
import type { BodyReader } from '../listener/user-stream.ts';
import { BodyPace } from './body-pace.ts';
import type { Exchange } from './exchange.ts';
import type { WebSocketRelay } from './websocket-relay.ts';

/** Bytes of an upload read on after the answer is complete, before the connection is closed. */
const MAX_REST_BYTES = 1024 * 1024;
const MAX_REST_MS = 1_000;

/** Who is told that the body passed the app's limit. */
export type UploadOwner = { tooLarge(): void };

/** Reads the user's request body into the channel. Made only when the connector granted credit, never before. */
export class RequestUpload implements BodyReader {
  readonly #exchange: Exchange;
  readonly #channel: ClientChannel;
  readonly #owner: UploadOwner;
  readonly #maxBytes: number;
  readonly #pace: BodyPace | undefined;
  #isOver = false;
  #isPaused = false;
  /** The body is the bytes of this WebSocket. */
  #relay: WebSocketRelay | undefined;
  movedAtMs = 0;
  /** See Stallable. */
  waitsForUserSinceMs = 0;

  constructor(exchange: Exchange, channel: ClientChannel, owner: UploadOwner) {
    this.#exchange = exchange;
    this.#owner = owner;
    this.#maxBytes = exchange.app?.view.maxRequestBodyBytes ?? Number.POSITIVE_INFINITY;
    this.#channel = channel;
    const {
      bodyMinBytesPerSecond: minBytesPerSecond,
      bodyGraceMs: graceMs,
      bodyIdleTimeoutMs,
    } = exchange.services.limits;
    if (minBytesPerSecond > 0) {
      this.#pace = new BodyPace({ minBytesPerSecond, graceMs, maxLeadMs: Math.max(graceMs, bodyIdleTimeoutMs) });
    }
  }

  start(): void {
    const { req, res } = this.#exchange;
    if (this.#exchange.expectsContinue) {
      this.#exchange.expectsContinue = false;
      res.writeInformational(100, []);
    }
    this.waitsForUserSinceMs = performance.now();
    this.#pace?.start(this.waitsForUserSinceMs);
    req.readBody(this);
  }

  /** The body comes slower than it must; never said of the bytes of a WebSocket. */
  isTooSlow(nowMs: number): boolean {
    return this.#relay === undefined && this.#pace?.isBehind(nowMs) === true;
  }

  /** From now on the user's bytes are those of a pipe. */
  upgraded(relay: WebSocketRelay): void {
    this.#relay = relay;
    this.movedAtMs = performance.now();
  }

  resume(): void {
    if (this.#isOver || !this.#isPaused) return;
    this.#isPaused = false;
    this.waitsForUserSinceMs = performance.now();
    this.#pace?.start(this.waitsForUserSinceMs);
    this.#exchange.req.resume();
  }

  /** The answer is on its way by other means; whoever writes it deals with what is left of the body. */
  release(): void {
    if (this.#isOver) return;
    this.#stop();
  }

  /** The answer is complete before the body: what is left is read for a bounded while, then the connection is closed. */
  abandon(): void {
    if (this.#isOver) return;
    this.#stop();
    const { req, res } = this.#exchange;
    if (req.isComplete) return;
    let rest = 0;
    const close = () => {
      clearTimeout(timer);
      res.endConnection();
    };
    const timer = setTimeout(close, MAX_REST_MS);
    const onUserData = (chunk: Buffer) => {
      rest += chunk.length;
      if (rest > MAX_REST_BYTES) close();
    };
    req.readBody({ onUserData, onUserEnd: () => clearTimeout(timer) });
  }

  onUserData(chunk: Buffer): void {
    this.#exchange.requestBytes += chunk.length;
    const now = performance.now();
    if (this.#relay !== undefined) {
      this.movedAtMs = now;
      const passed = this.#relay.toOrigin.pass(chunk);
      if (passed !== undefined) this.#passOn(passed, now);
    } else if (this.#exchange.requestBytes > this.#maxBytes) this.#owner.tooLarge();
    else this.#passOn(chunk, now);
  }

  #passOn(chunk: Uint8Array, now: number): void {
    this.#pace?.took(chunk.length, now);
    if (this.#channel.write(chunk)) {
      this.waitsForUserSinceMs = now;
      return;
    }
    this.#isPaused = true;
    this.#pace?.stop(now);
    this.waitsForUserSinceMs = 0;
    this.#exchange.req.pause();
  }

  onUserEnd(): void {
    if (this.#isOver) return;
    this.#stop();
    const trailers = forwardedTrailers(this.#exchange);
    this.#channel.end(trailers.length > 0 ? trailers : undefined);
  }

  #stop(): void {
    this.#isOver = true;
    this.waitsForUserSinceMs = 0;
    this.#pace?.stop(performance.now());
    if (!this.#exchange.req.isComplete) this.#exchange.req.readBody(undefined);
  }
}

const NOBODY = { signOnNames: new Set<string>() };

/** Trailers pass the same rules as the head; fields that frame or authenticate have no place there (RFC 9110, 6.5.1). */
function forwardedTrailers({ req, app, access }: Exchange): FieldList {
  const raw = req.trailers;
  if (raw.length === 0) return raw;
  const owners = [app ?? NOBODY, access ?? NOBODY];
  const fields: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const lower = (raw[i] ?? '').toLowerCase();
    const isOurs = lower === 'authorization' || owners.some((owner) => isReserved(lower, owner));
    if (!isOurs) fields.push(raw[i] ?? '', raw[i + 1] ?? '');
  }
  return fields;
}
