// long because one object per request implements every callback of the channel, and their order is one state machine
import type {
  BodyConsumer,
  ChannelFailure,
  ChannelHandlers,
  ClientChannel,
  FailureReason,
  FieldList,
  ResponseHead,
} from '#libs/tunnel-protocol';
import { closeFrame } from '#libs/websocket-frames';
import { isGrpc } from '../answers/grpc-answer.ts';
import { type ProblemReason, problemOf } from '../answers/problems.ts';
import { type ProblemExtra, respondProblem } from '../answers/respond.ts';
import type { DecisionQuestion } from '../decisions/decision-cache.ts';
import type { GrantedAccess } from '../decisions/granted-access.ts';
import type { RunningAccess } from '../decisions/running-reviews.ts';
import type { PublishedApp } from '../directory/published-app.ts';
import { buildForwardedFields } from '../listener/forwarded-headers.ts';
import { buildResponseFields } from '../translation/rewrite-headers.ts';
import type { OpenRequest as RunningOpen } from './app-watch.ts';
import { closeCodeOf, failureProblem } from './channel-failure.ts';
import type { Exchange } from './exchange.ts';
import type { OpenSocket } from './open-sockets.ts';
import { RequestUpload, type UploadOwner } from './request-upload.ts';
import { questionOf } from './require-access-decision.ts';
import type { Stallable } from './stall-watch.ts';
import { DONE, type StepResult } from './step.ts';
import { trailersFrom } from './trailers.ts';
import { type PausableSource, TranslatedBody, type TranslatedBodyEvents } from './translated-body.ts';
import { type RelayOwner, WebSocketRelay } from './websocket-relay.ts';

/** Opens of one request: the tunnel itself dispatches each up to three times. */
const MAX_OPENS = 2;
/** Beyond RFC 9110 there are origins that answer 999, which HTTP/1.1 has a form for; Node's HTTP/2 refuses it. */
const MAX_HTTP2_STATUS = 599;
const EARLY_HINTS = 103;
const NOTHING_TRAILED: FieldList = [];
/** Ends that say nothing about the app: where the tunnel allows it, the request goes out once more. */
const WORTH_ANOTHER: ReadonlySet<FailureReason> = new Set([
  'connector-lost',
  'peer-silent',
  'gap',
  'draining',
  'capacity',
]);

/** Sends the request over the tunnel and streams the answer back. Nothing is buffered beyond the tunnel's credit. */
export function forwardOverTunnel(exchange: Exchange): StepResult {
  const forward = new Forward(exchange);
  if (exchange.access) exchange.tenant.decisions.watch(forward);
  else exchange.tenant.appWatch.add(forward);
  forward.open();
  return DONE;
}

/** One object per request implements every callback of the channel, so that the byte path makes no closures. */
class Forward
  implements
    ChannelHandlers,
    BodyConsumer,
    Stallable,
    RunningAccess,
    RunningOpen,
    TranslatedBodyEvents,
    UploadOwner,
    OpenSocket,
    RelayOwner
{
  readonly #exchange: Exchange;
  #channel: ClientChannel | undefined;
  /** What is paused while the user is slow: the channel, or the translation behind it. */
  #source: PausableSource | undefined;
  #translated: TranslatedBody | undefined;
  /** The answer is a WebSocket. */
  #relay: WebSocketRelay | undefined;
  #movedAtMs = 0;
  reviewAtMs = 0;
  #upload: RequestUpload | undefined;
  #opens = 0;
  #isEnded = false;
  #isResponding = false;
  #bodyBytes = 0;
  #expectedBytes = -1;
  #readerStalledSinceMs = 0;
  #isWhole = false;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    exchange.onUserGone = this;
  }

  get access(): GrantedAccess {
    const { access } = this.#exchange;
    if (!access) throw new Error('only requests with an access decision are watched');
    return access;
  }

  get openApp(): PublishedApp {
    const { app } = this.#exchange;
    if (!app) throw new Error('forwarding needs a resolved app');
    return app;
  }

  get question(): DecisionQuestion {
    return questionOf(this.#exchange);
  }

  /**
   * WebSockets, and senders of a conversation, may be idle as long as their app says; anything else, and whoever does not take
   * what is there, as long as the ingress waits for users.
   */
  get stallLimitMs(): number | undefined {
    const { app } = this.#exchange;
    const mayIdle = this.#relay !== undefined || (this.#readerStalledSinceMs === 0 && this.#isConversation);
    return mayIdle && app ? app.view.idleTimeoutSeconds * 1000 : undefined;
  }

  /** Both sides may speak in turn: gRPC, and any HTTP/2 request whose answer has begun. */
  get #isConversation(): boolean {
    return this.#exchange.req.version === '2' && (this.#isResponding || isGrpc(this.#exchange));
  }

  get waitsForUserSinceMs(): number {
    if (this.#relay) return Math.max(this.#movedAtMs, this.#upload?.movedAtMs ?? 0);
    const upload = this.#upload?.waitsForUserSinceMs ?? 0;
    if (upload === 0 || this.#readerStalledSinceMs === 0) return upload || this.#readerStalledSinceMs;
    if (this.#isConversation) return this.#readerStalledSinceMs;
    return Math.min(upload, this.#readerStalledSinceMs);
  }

  open(): void {
    const { access, app, tenant, target, req, head, requestId } = this.#exchange;
    if (!app) throw new Error('forwarding needs a resolved app');
    const isUpgrade = this.#exchange.isWebSocket;
    this.#opens += 1;
    this.#exchange.outcome = 'forwarded';
    this.#channel = tenant.tunnel.open(
      {
        group: app.view.connectorGroupId,
        head: {
          method: req.method,
          target: `${target.path}${target.query}`,
          fields: buildForwardedFields(this.#exchange),
        },
        metadata: ['app-id', app.view.id, 'request-id', requestId],
        hasBody: head.hasBody && !isUpgrade,
        isUpgrade,
        headTimeoutMs: app.view.backendTimeoutSeconds * 1000,
        ...(app.view.sessionAffinity && access ? { affinityKey: access.sessionId } : {}),
      },
      this,
    );
  }

  // ---- the tunnel's side

  onBodyWanted(): void {
    if (this.#isEnded || !this.#channel) return;
    this.#upload = new RequestUpload(this.#exchange, this.#channel, this);
    if (this.#relay) this.#upload.upgraded(this.#relay);
    this.#exchange.services.stallWatch.add(this);
    this.#upload.start();
  }

  onDrain(): void {
    this.#upload?.resume();
  }

  onHead(head: ResponseHead): void {
    const { res } = this.#exchange;
    if (this.#isEnded || res.destroyed) return;
    this.#exchange.connectorId = this.#channel?.connectorId ?? null;
    if (head.isUpgraded) {
      this.#upgrade(head);
      return;
    }
    if (!this.#writeHead(head)) return;
    this.#channel?.receiveBody(this.#translated ?? this);
    if (head.hasBody) setImmediate(flushSilentHead, this);
  }

  /** The origin may think before its first byte (server-sent events): a head without company goes out by itself. */
  flushHead(): void {
    if (!this.#isEnded && this.#bodyBytes === 0) this.#exchange.res.flushHeaders();
  }

  onInformational(head: ResponseHead): void {
    // Early Hints are links and nothing else; the user gets them as translated as the links of the answer itself.
    if (this.#isEnded || this.#isResponding || head.status !== EARLY_HINTS) return;
    const built = buildResponseFields(this.#exchange, head.fields, head.status);
    if (built) this.#exchange.res.writeInformational(head.status, linksOf(built.fields));
  }

  onTranslated(chunk: Uint8Array): void {
    this.onData(chunk);
  }

  onTranslatedEnd(): void {
    this.onEnd(NOTHING_TRAILED);
  }

  onUntranslatable(): void {
    if (!this.#isEnded) this.#breakOff('origin-invalid');
  }

  onData(bytes: Uint8Array): void {
    const { res } = this.#exchange;
    if (this.#isEnded || res.destroyed) return;
    let chunk = bytes;
    if (this.#relay) {
      this.#movedAtMs = performance.now();
      const passed = this.#relay.toUser.pass(bytes);
      if (passed === undefined) return;
      chunk = passed;
    }
    this.#bodyBytes += chunk.length;
    if (this.#expectedBytes >= 0 && this.#bodyBytes > this.#expectedBytes) {
      this.#breakOff('origin-invalid');
      return;
    }
    this.#exchange.responseBytes = this.#bodyBytes;
    if (this.#bodyBytes === this.#expectedBytes && this.#bodyBytes === chunk.length) {
      // The whole body in one piece, as most are: one write for head, body and end.
      this.#isWhole = true;
      res.end(chunk);
      return;
    }
    if (res.write(chunk)) return;
    if (this.#readerStalledSinceMs !== 0) return;
    this.#source?.pause();
    this.#readerStalledSinceMs = performance.now();
    res.onDrain = () => this.#resume();
    this.#exchange.services.stallWatch.add(this);
  }

  onEnd(trailers: FieldList): void {
    if (this.#isEnded || this.#exchange.res.destroyed) return;
    if (this.#expectedBytes >= 0 && this.#bodyBytes !== this.#expectedBytes) {
      this.#breakOff('origin-aborted');
      return;
    }
    const { res, head, services } = this.#exchange;
    if (!this.#isWhole) {
      // What waits in the socket is the user's to take: until the response is closed the user may still stall.
      this.#readerStalledSinceMs = performance.now();
      services.stallWatch.add(this);
      this.#isEnded = true;
      this.#upload?.abandon();
      // Its other direction would wait for bytes of the user, which nobody reads any more.
      if (this.#relay) this.#channel?.end();
      res.end(undefined, trailers.length > 0 && head.wantsTrailers ? trailersFrom(trailers) : undefined);
      return;
    }
    this.#isEnded = true;
    this.#upload?.abandon();
  }

  onFailure(failure: ChannelFailure): void {
    if (this.#isEnded) return;
    const { services, requestId, res } = this.#exchange;
    if (failure.mayRetry && WORTH_ANOTHER.has(failure.reason) && this.#opens < MAX_OPENS && !res.destroyed) {
      this.open();
      return;
    }
    this.#exchange.connectorId = failure.connectorId ?? null;
    services.logger.warn('request not answered', { requestId, reason: failure.reason, text: failure.text });
    if (this.#isResponding) {
      if (!this.#closeUser(failure)) this.#breakOff(failure.reason);
      return;
    }
    const { key, retryAfterSeconds } = failureProblem(failure, this.#exchange.tenant.isHubConnected());
    this.#finish();
    this.#upload?.release();
    const retry = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
    respondProblem(this.#exchange, key, { outcome: 'failed', reason: failure.reason, ...retry });
  }

  // ---- the user's side

  /** Also called when an ended response is closed. */
  userGone(): void {
    if (this.#isEnded || this.#isWhole) {
      this.#upload?.abandon();
      this.#finish();
      return;
    }
    if (!this.#relay) {
      this.#exchange.services.counters.userGone += 1;
      this.#exchange.reason = 'user-gone';
    }
    this.#finish();
    this.#channel?.cancel('user-gone');
  }

  /** The app was retired, or asks for a sign-in from now on. */
  appClosed(): void {
    if (!this.#isEnded) this.#cut('app-closed', 'access-revoked', { outcome: 'denied', reason: 'app-closed' });
  }

  /** The session ended or the person may not open the app any more: what runs on, such as an event stream, is cut. */
  accessLost(): void {
    if (this.#isEnded) return;
    this.#cut('access-revoked', 'access-revoked', { outcome: 'denied' });
  }

  tooLarge(): void {
    this.#cut('request-too-large', 'request-too-large', { outcome: 'answered' });
  }

  userStalled(): void {
    this.#cut('user-stalled', 'request-timeout', { outcome: 'failed' });
  }

  isTooSlow(nowMs: number): boolean {
    return this.#upload?.isTooSlow(nowMs) === true && !this.#isConversation;
  }

  userTooSlow(): void {
    this.#cut('request-too-slow', 'request-too-slow', { outcome: 'failed' });
  }

  // ---- the end of a WebSocket

  /** This ingress drains. */
  goAway(): void {
    if (this.#isEnded || this.#relay === undefined) return;
    this.#exchange.reason = 'ingress-draining';
    this.#relay.goAway();
  }

  sendToUser(frame: Uint8Array): void {
    this.#bodyBytes += frame.length;
    this.#exchange.responseBytes = this.#bodyBytes;
    this.#exchange.res.write(frame);
  }

  sendToOrigin(frame: Uint8Array): void {
    this.#channel?.write(frame);
  }

  closeTimedOut(): void {
    if (this.#isEnded) return;
    this.#channel?.cancel('user-gone', 'going away');
    this.#endSocket();
  }

  /** The way to the origin is gone. False: no frame may be put in, or it is the origin that broke off. */
  #closeUser(failure: ChannelFailure): boolean {
    const relay = this.#relay;
    if (relay === undefined) return false;
    const code = closeCodeOf(failure.reason);
    if (code !== undefined) {
      const { key } = failureProblem(failure, this.#exchange.tenant.isHubConnected());
      const frame = relay.toUser.close(closeFrame('server', code, problemOf(key).code));
      if (frame) this.sendToUser(frame);
    }
    if (!relay.toUser.isClosedByUs && !relay.toUser.hasClosed) return false;
    this.#exchange.outcome = 'failed';
    this.#exchange.reason ??= failure.reason;
    this.#endSocket();
    return true;
  }

  /** Without a close frame it must not look whole. */
  #endSocket(): void {
    const { res } = this.#exchange;
    const isClosed = this.#relay?.toUser.isClosedByUs === true || this.#relay?.toUser.hasClosed === true;
    this.#finish();
    this.#upload?.release();
    if (isClosed) res.end();
    else res.destroy();
  }

  // ---- inside

  /** Ends the request on both sides; a user who has seen nothing yet is told why. */
  #cut(reason: string, problem: ProblemReason, extra: ProblemExtra): void {
    const exchange = this.#exchange;
    exchange.reason = reason;
    if (!this.#isEnded) this.#channel?.cancel('user-gone', reason);
    this.#finish();
    if (this.#isResponding) {
      exchange.res.destroy();
      return;
    }
    this.#upload?.release();
    respondProblem(exchange, problem, extra);
  }

  /** The connection becomes a pipe; what the origin said with its 101 is kept, cookies included. */
  #upgrade(head: ResponseHead): void {
    const exchange = this.#exchange;
    const built = buildResponseFields(exchange, head.fields, head.status);
    if (!built || !this.#channel) {
      this.#refuseHead();
      return;
    }
    this.#isResponding = true;
    this.#relay = new WebSocketRelay(this);
    exchange.isPipe = true;
    this.#movedAtMs = performance.now();
    this.#source = this.#channel;
    this.#upload?.upgraded(this.#relay);
    exchange.res.upgrade(built.fields);
    if (this.#isEnded) return;
    this.#channel.receiveBody(this);
    exchange.services.stallWatch.add(this);
    exchange.services.openSockets.add(this);
  }

  #writeHead(head: ResponseHead): boolean {
    const exchange = this.#exchange;
    const isStatus = head.status >= 200 && head.status <= (exchange.req.version === '2' ? MAX_HTTP2_STATUS : 999);
    const built = isStatus && buildResponseFields(exchange, head.fields, head.status);
    if (!built) return this.#refuseHead();
    const { fields, contentLength, trailer, body } = built;
    const isBodyless = head.status === 204 || head.status === 304 || exchange.method === 'HEAD';
    const isChunked = contentLength < 0 && head.hasBody && exchange.req.version !== '1.0';
    if (trailer !== undefined && isChunked && exchange.head.wantsTrailers) fields.push('Trailer', trailer);
    if (contentLength >= 0 && head.status !== 204) fields.push('Content-Length', String(contentLength));
    else if (!head.hasBody && !isBodyless) fields.push('Content-Length', '0');
    if (!isBodyless) this.#expectedBytes = contentLength;
    this.#source = this.#channel;
    if (body && !isBodyless && head.hasBody && this.#channel) {
      this.#translated = new TranslatedBody(exchange, body, built.originLength, this.#channel, this);
      this.#source = this.#translated;
    }
    if (exchange.services.isDraining()) fields.push('Connection', 'close');
    try {
      exchange.res.writeHead(head.status, fields);
    } catch (error) {
      exchange.services.logger.warn('response head refused', { requestId: exchange.requestId, error });
      return this.#refuseHead();
    }
    this.#isResponding = true;
    return true;
  }

  #refuseHead(): false {
    this.#channel?.cancel('origin-invalid');
    this.#finish();
    this.#upload?.release();
    respondProblem(this.#exchange, 'origin-invalid', { outcome: 'failed' });
    return false;
  }

  #resume(): void {
    this.#readerStalledSinceMs = 0;
    if (!this.#isEnded) this.#source?.resume();
  }

  /** The user must see that the answer is not whole: the connection is cut without an orderly end. */
  #breakOff(reason: string): void {
    this.#exchange.outcome = 'failed';
    this.#exchange.reason = reason;
    this.#channel?.cancel('origin-invalid');
    this.#finish();
    this.#exchange.res.destroy();
  }

  #finish(): void {
    this.#isEnded = true;
    this.#exchange.onUserGone = undefined;
    this.#translated?.destroy();
    this.#exchange.services.stallWatch.remove(this);
    if (this.#relay) {
      this.#relay.stop();
      this.#exchange.services.openSockets.remove(this);
    }
    if (this.#exchange.access) this.#exchange.tenant.decisions.unwatch(this);
    else this.#exchange.tenant.appWatch.remove(this);
  }
}

/** A function of its own, so that no request makes a closure for it. */
function flushSilentHead(forward: Forward): void {
  forward.flushHead();
}

/** Only links belong into Early Hints (RFC 8297): all else the answer itself says. */
function linksOf(fields: FieldList): FieldList {
  const links: string[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2)
    if (fields[i]?.toLowerCase() === 'link') links.push(fields[i] ?? '', fields[i + 1] ?? '');
  return links;
}
