import type { AccessRecord } from '#libs/contracts';
import { prefersPage, refusesPage } from '../answers/request-preferences.ts';
import { respondProblem } from '../answers/respond.ts';
import type { GrantedAccess } from '../decisions/granted-access.ts';
import type { PublishedApp } from '../directory/published-app.ts';
import type { ClientAddress } from '../listener/client-address.ts';
import type { RequestHeadFields } from '../listener/request-head.ts';
import type { RequestTarget } from '../listener/request-target.ts';
import type { UserRequest, UserResponse, UserStream, UserStreamEvents } from '../listener/user-stream.ts';
import { accessRecordOf } from '../records/access-record-of.ts';
import type { HeadFacts } from './head-facts.ts';
import type { IngressServices, TenantServices } from './services.ts';

export type Outcome = AccessRecord['outcome'];

const NO_TARGET: RequestTarget = { path: '', query: '', matchPath: '', authority: undefined };

/** One request and its answer: what the steps of the pipeline learn, and what the access record will say. */
export class Exchange implements UserStreamEvents {
  readonly services: IngressServices;
  readonly req: UserRequest;
  readonly res: UserResponse;
  readonly head: RequestHeadFields;
  readonly facts: HeadFacts;
  readonly requestId: string;
  readonly startedAtEpochMs: number;
  readonly startedAtMs: number;
  /** `Expect: 100-continue` was sent and is unanswered. */
  expectsContinue: boolean;

  /** The connection ends with this answer. */
  mustClose = false;
  /** The body could not be parsed: nothing more of it will come. */
  isBodyBroken = false;

  hostname = '';
  /** Host and port as the user wrote them, lower case. */
  hostAndPort = '';
  target: RequestTarget = NO_TARGET;
  tenant: TenantServices;
  app: PublishedApp | undefined = undefined;
  access: GrantedAccess | undefined = undefined;

  /** What the app's CORS rules say in every answer; undefined when none speaks of this request. */
  corsFields: readonly string[] | undefined = undefined;

  outcome: Outcome = 'answered';
  reason: string | null = null;
  decisionId: string | null = null;
  username: string | null = null;
  connectorId: string | null = null;
  requestBytes = 0;
  responseBytes = 0;
  /** A WebSocket: either side ends it in order by closing. */
  isPipe = false;
  /** Called when the connection of the user is gone before the answer was complete. */
  onUserGone: { userGone(): void } | undefined = undefined;

  constructor(
    services: IngressServices,
    stream: UserStream,
    known: {
      readonly head: RequestHeadFields;
      readonly facts: HeadFacts;
      readonly requestId: string;
    },
  ) {
    this.services = services;
    this.req = stream;
    this.res = stream;
    this.head = known.head;
    this.facts = known.facts;
    this.requestId = known.requestId;
    this.expectsContinue = known.head.expectsContinue;
    this.tenant = services.tenants[0];
    this.startedAtEpochMs = Date.now();
    this.startedAtMs = performance.now();
    stream.events = this;
  }

  get client(): ClientAddress {
    return this.facts.client;
  }

  get method(): string {
    return this.req.method;
  }

  /** RFC 6455, 4.1: a GET without a body, not over HTTP/1.0. Anything else that asks for an upgrade is an ordinary request. */
  get isWebSocket(): boolean {
    const { head, req } = this;
    return head.isWebSocket && req.method === 'GET' && !head.hasBody && req.version !== '1.0';
  }

  get isGetOrHead(): boolean {
    return this.req.method === 'GET' || this.req.method === 'HEAD';
  }

  /** The answer has left, or the user is gone: writes the access record. */
  onClosed(isComplete: boolean): void {
    this.onUserGone?.userGone();
    const { counters } = this.services;
    const record = accessRecordOf(this, isComplete || this.isPipe);
    counters[record.outcome] += 1;
    counters.bytesIn += this.requestBytes;
    counters.bytesOut += this.responseBytes;
    this.tenant.recorder.record(record);
  }

  /** Bytes of the body that break its framing: the request is refused, or its answer cut, as long as that runs. */
  onBodyBroken(): void {
    this.services.counters.malformed += 1;
    if (this.res.headersSent) {
      // An answer of our own is whole without the body; one of an origin may be about half of it.
      if (this.outcome === 'forwarded') this.res.destroy();
      else this.res.end();
      return;
    }
    this.onUserGone?.userGone();
    this.mustClose = true;
    this.isBodyBroken = true;
    respondProblem(this, 'body-malformed', { outcome: 'answered' });
  }

  /** A browser that says that it opens a page of its own, not a frame: there scripts can keep what a redirect loses. */
  get isDocument(): boolean {
    return this.head.secFetchDest === 'document' && this.isNavigation && this.req.method === 'GET';
  }

  /** A person's browser shows the answer as a page of its own. */
  get isNavigation(): boolean {
    const { head } = this;
    if (head.isScripted || this.isWebSocket) return false;
    if (head.secFetchMode !== '') return head.secFetchMode === 'navigate' && !refusesPage(head.accept);
    return prefersPage(head.accept);
  }
}
