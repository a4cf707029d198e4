import { type IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { AccessRecord } from '#libs/contracts';
import type { GrantedAccess } from '../decisions/granted-access.ts';
import type { PublishedApp } from '../directory/published-app.ts';
import type { ClientAddress } from '../listener/client-address.ts';
import type { RequestHeadFields } from '../listener/request-head.ts';
import type { RequestTarget } from '../listener/request-target.ts';
import type { IngressServices, TenantServices } from './services.ts';

export type Outcome = AccessRecord['outcome'];

const NO_TARGET: RequestTarget = { path: '', query: '', matchPath: '', authority: undefined };

/** One request and its answer: what the steps of the pipeline learn, and what the access record will say. */
export class Exchange {
  readonly services: IngressServices;
  readonly req: IncomingMessage;
  readonly res: IngressResponse;
  readonly head: RequestHeadFields;
  readonly client: ClientAddress;
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
  port = '';
  target: RequestTarget = NO_TARGET;
  tenant: TenantServices;
  app: PublishedApp | undefined = undefined;
  access: GrantedAccess | undefined = undefined;

  outcome: Outcome = 'answered';
  reason: string | null = null;
  decisionId: string | null = null;
  username: string | null = null;
  connectorId: string | null = null;
  requestBytes = 0;
  responseBytes = 0;
  /** Called when the connection of the user is gone before the answer was complete. */
  onUserGone: { userGone(): void } | undefined = undefined;

  constructor(
    services: IngressServices,
    req: IncomingMessage,
    res: IngressResponse,
    known: {
      readonly head: RequestHeadFields;
      readonly client: ClientAddress;
      readonly requestId: string;
      readonly expectsContinue: boolean;
    },
  ) {
    this.services = services;
    this.req = req;
    this.res = res;
    this.head = known.head;
    this.client = known.client;
    this.requestId = known.requestId;
    this.expectsContinue = known.expectsContinue;
    this.tenant = services.tenants[0];
    this.startedAtEpochMs = Date.now();
    this.startedAtMs = performance.now();
    res.exchange = this;
  }

  get method(): string {
    return this.req.method ?? '';
  }

  get isGetOrHead(): boolean {
    return this.req.method === 'GET' || this.req.method === 'HEAD';
  }

  /** A person's browser shows the answer as a page of its own. */
  get isNavigation(): boolean {
    const { head } = this;
    if (head.isScripted) return false;
    if (head.secFetchMode !== '') return head.secFetchMode === 'navigate';
    return head.accept.includes('text/html');
  }
}

/** Carries the exchange to listeners that are shared by all requests instead of being made for each. */
export class IngressResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
  exchange: Exchange | undefined = undefined;
}

export type IngressSocket = TLSSocket;
