import type { Duplex } from 'node:stream';
import type { Dispatcher, Pool } from 'undici';
import type { CancelPhase, CancelReason, ExchangeHandlers, ServerExchange } from '#libs/tunnel-protocol';
import type { Deadlined } from './origin-deadlines.ts';
import { failureText, isConnectionLost, originFailure } from './origin-failure.ts';
import { fieldValue, type OriginTarget, requestFields, responseFields } from './origin-rules.ts';
import { RequestBody } from './request-body.ts';
import { UpgradedPipe } from './upgraded-pipe.ts';

/** How one call ended, for counting and for the log. */
export type OriginOutcome = 'answered' | CancelReason;

export type OriginCallOptions = {
  readonly exchange: ServerExchange;
  readonly target: OriginTarget;
  /** Path and query at the origin. */
  readonly path: string;
  /** Asked for at each attempt: a pool may have been put away since. */
  pool(): Pool;
  onEnd(outcome: OriginOutcome, text: string): void;
};

/** Undici's types leave out the option by which the TLS name is kept apart from the Host field. */
type NamedDispatch = Dispatcher.DispatchOptions & { readonly servername: string };

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * One request on its way to the origin and back. The deadline runs only while the origin owes something: a connection, the
 * taking of body bytes, the response head, the next chunk; not while the user is slow to send or to read.
 * Larger than the usual file because the two callback interfaces, undici's and the tunnel's, meet in one state.
 */
export class OriginCall implements Dispatcher.DispatchHandler, ExchangeHandlers, Deadlined {
  deadlineAt = 0;
  readonly #options: OriginCallOptions;
  #controller: Dispatcher.DispatchController | undefined;
  #body: RequestBody | undefined;
  #pipe: UpgradedPipe | undefined;
  #attempts = 0;
  #isHeadSent = false;
  #isBodyExpected = true;
  #isEnded = false;

  constructor(options: OriginCallOptions) {
    this.#options = options;
  }

  /** With a body: grants the first credit now, so that the ingress begins to read the user's body. */
  start(): void {
    const { exchange } = this.#options;
    if (exchange.hasBody && !exchange.isUpgrade) {
      this.#body = new RequestBody(exchange, () => this.#expectWhileSending());
      exchange.receiveBody(this.#body);
    }
    // A turn later, so that a small body that came in the confirming packet goes out as one buffer.
    exchange.onceConfirmed(() => (this.#body ? queueMicrotask(() => this.#dispatch()) : this.#dispatch()));
  }

  /** Ends the call from this side, before or after the answer began. */
  fail(reason: CancelReason, text: string): void {
    if (this.#isEnded) return;
    const phase = this.#phase();
    this.#finish(reason, text);
    this.#options.exchange.fail(reason, phase, text);
    this.#abort(text);
  }

  // ---- the tunnel's side

  onDrain(): void {
    if (this.#isEnded) return;
    if (this.#pipe) {
      this.#pipe.onDrain();
      return;
    }
    this.#expect(true);
    // Never inside the parser of another connection: undici's parser is one shared, non-reentrant instance.
    queueMicrotask(() => this.#controller?.resume());
  }

  onCancel(reason: CancelReason, text: string): void {
    if (this.#isEnded) return;
    this.#finish(reason, text);
    this.#abort(`cancelled: ${reason}`);
  }

  onDeadline(): void {
    const { backendTimeoutMs } = this.#options.target;
    const isConnected = this.#controller !== undefined;
    const reason = isConnected ? 'origin-timeout' : 'origin-connect-timeout';
    this.fail(reason, `origin was silent for ${backendTimeoutMs} ms`);
  }

  // ---- undici's side

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isEnded) controller.abort(new Error('cancelled before the connection was there'));
    else this.#expectWhileSending();
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    if (this.#isEnded) return;
    const fields = rawFields(controller.rawHeaders);
    if (status < 200) this.#informational(status, fields);
    else this.#head(status, fields);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isEnded) return;
    const isReady = this.#options.exchange.write(chunk);
    if (!isReady) controller.pause();
    this.#expect(isReady);
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    if (this.#isEnded) return;
    this.#finish('answered', '');
    const trailers = rawFields(controller.rawTrailers ?? []);
    this.#options.exchange.end(trailers.length > 0 ? responseFields(trailers) : undefined);
  }

  onRequestUpgrade(controller: Dispatcher.DispatchController, status: number, _fields: unknown, socket: Duplex): void {
    if (this.#isEnded) return void socket.destroy();
    const { exchange } = this.#options;
    this.#isHeadSent = true;
    this.#expect(false);
    exchange.respondHead(status, responseFields(rawFields(controller.rawHeaders), true), { isUpgraded: true });
    this.#pipe = new UpgradedPipe(exchange, socket, (reason, text) => {
      if (this.#isEnded) return;
      this.#finish(reason ?? 'answered', text);
      if (reason) exchange.fail(reason, 'response-begun', text);
    });
    this.#pipe.start();
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    if (this.#isEnded) return;
    if (this.#mayTryAgain(error)) this.#dispatch();
    else this.fail(originFailure(error), failureText(error));
  }

  // ---- inside

  #dispatch(): void {
    if (this.#isEnded) return;
    const { exchange, target, path } = this.#options;
    this.#attempts += 1;
    this.#controller = undefined;
    this.#expect(true);
    const options: NamedDispatch = {
      path,
      method: exchange.head.method,
      headers: requestFields(target, exchange.head.fields, this.#body !== undefined),
      body: this.#body?.take() ?? null,
      servername: target.hostname,
      ...(exchange.isUpgrade ? { upgrade: fieldValue(exchange.head.fields, 'upgrade') ?? 'websocket' } : {}),
    };
    this.#options.pool().dispatch(options, this);
  }

  /** A kept-alive connection may die as it is used: a safe request without a body goes out once more (RFC 9110, 9.2.2). */
  #mayTryAgain(error: Error): boolean {
    const { exchange } = this.#options;
    return (
      this.#attempts === 1 &&
      this.#controller !== undefined &&
      !this.#isHeadSent &&
      !exchange.hasBody &&
      !exchange.isUpgrade &&
      SAFE_METHODS.has(exchange.head.method) &&
      isConnectionLost(error)
    );
  }

  #head(status: number, fields: string[]): void {
    const { exchange } = this.#options;
    this.#isHeadSent = true;
    this.#isBodyExpected = hasResponseBody(exchange.head.method, status, fields);
    this.#expect(this.#isBodyExpected);
    exchange.respondHead(status, responseFields(fields), { hasBody: this.#isBodyExpected });
    if (!this.#isBodyExpected) this.#finish('answered', '');
  }

  #informational(status: number, fields: string[]): void {
    this.#expect(true);
    if (status === 103) this.#options.exchange.informational(status, responseFields(fields));
  }

  /** Before the connection is there the clock runs on, whoever else is slow. */
  #expectWhileSending(): void {
    if (this.#controller !== undefined) this.#expect(this.#body?.isWaitingForUser !== true);
  }

  /** Starts the origin's clock anew, or stops it. */
  #expect(isOriginOwing: boolean): void {
    this.deadlineAt = isOriginOwing && !this.#isEnded ? Date.now() + this.#options.target.backendTimeoutMs : 0;
  }

  #phase(): CancelPhase {
    if (this.#isHeadSent) return 'response-begun';
    return this.#controller === undefined && this.#attempts <= 1 ? 'origin-not-contacted' : 'origin-contacted';
  }

  #finish(outcome: OriginOutcome, text: string): void {
    this.#isEnded = true;
    this.deadlineAt = 0;
    if (outcome !== 'answered') this.#body?.drop();
    this.#options.onEnd(outcome, text);
  }

  #abort(text: string): void {
    this.#pipe?.destroy();
    // Not inside undici's parser: destroying the socket there frees the parser that is running.
    queueMicrotask(() => this.#controller?.abort(new Error(text)));
  }
}

/** Whether bytes can follow this head (RFC 9112, 6.3). */
function hasResponseBody(method: string, status: number, fields: readonly string[]): boolean {
  if (method === 'HEAD' || status === 204 || status === 304) return false;
  return fieldValue(fields, 'content-length') !== '0' || fieldValue(fields, 'transfer-encoding') !== undefined;
}

function rawFields(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  const fields: string[] = [];
  if (!Array.isArray(raw)) return fields;
  for (const part of raw) fields.push(typeof part === 'string' ? part : part.toString('latin1'));
  return fields;
}
