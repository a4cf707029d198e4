import { ANSWER_FIELDS } from '#libs/pages';
import type { Exchange, Outcome } from '../pipeline/exchange.ts';
import { problemPage } from './problem-page.ts';
import { type ProblemReason, problemOf } from './problems.ts';
import { finishUnreadBody } from './unread-body.ts';

export type ProblemExtra = {
  readonly outcome: Outcome;
  /** Replaces the reason in the record, the detail on the page; for what another service found out. */
  readonly reason?: string;
  readonly detail?: string;
  readonly status?: number;
  readonly retryAfterSeconds?: number;
  /** The denial receipt. */
  readonly receipt?: string;
  readonly username?: string;
  readonly fields?: readonly string[];
  /** Members added to the problem document. */
  readonly members?: Readonly<Record<string, string>>;
  /** Programs only: never a page. */
  readonly isProgram?: boolean;
};

/** Refuses a request: a page for people, `application/problem+json` (RFC 9457) for programs. */
export function respondProblem(exchange: Exchange, key: ProblemReason, extra: ProblemExtra): void {
  const problem = problemOf(key);
  const status = extra.status ?? problem.status;
  const reason = extra.reason ?? problem.reason;
  const detail = extra.detail ?? problem.detail;
  exchange.outcome = extra.outcome;
  exchange.reason = reason;
  const fields: string[] = [];
  if (extra.retryAfterSeconds !== undefined) fields.push('Retry-After', String(extra.retryAfterSeconds));
  if (extra.fields) fields.push(...extra.fields);
  if (exchange.isNavigation && extra.isProgram !== true) {
    const text = problemPage(exchange, { ...problem, status, detail }, extra);
    send(exchange, status, [...exchange.services.pageFields, ...fields], text);
    return;
  }
  const document = {
    type: `urn:sallyport:problem:${problem.code}`,
    title: problem.title,
    status,
    detail,
    code: problem.code,
    reason,
    requestId: exchange.requestId,
    ...(extra.receipt === undefined ? {} : { receipt: extra.receipt }),
    ...extra.members,
  };
  const text = `${JSON.stringify(document)}\n`;
  send(exchange, status, ['Content-Type', 'application/problem+json', ...ANSWER_FIELDS, ...fields], text);
}

export function respondPage(exchange: Exchange, status: number, page: string, fields: readonly string[] = []): void {
  send(exchange, status, [...exchange.services.pageFields, ...fields], page);
}

export function respondText(
  exchange: Exchange,
  contentType: string,
  text: string,
  fields: readonly string[] = ANSWER_FIELDS,
): void {
  send(exchange, 200, ['Content-Type', contentType, ...fields], text);
}

export function respondRedirect(exchange: Exchange, location: string, setCookies: readonly string[]): void {
  exchange.outcome = 'redirected';
  const fields = ['Location', location, ...ANSWER_FIELDS];
  for (const cookie of setCookies) fields.push('Set-Cookie', cookie);
  const isAfterForm = exchange.method === 'POST';
  send(exchange, isAfterForm ? 303 : 302, fields, '');
}

function send(exchange: Exchange, status: number, fields: readonly string[], text: string): void {
  const { res } = exchange;
  if (res.headersSent || res.destroyed) return;
  const body = Buffer.from(text, 'utf8');
  const all = [...fields, 'Content-Length', String(body.length), 'X-Request-Id', exchange.requestId];
  const isBodyUnread = finishUnreadBody.isNeeded(exchange);
  if (isBodyUnread || exchange.mustClose || exchange.services.isDraining()) {
    all.push('Connection', 'close');
  }
  res.writeHead(status, all);
  if (exchange.method !== 'HEAD') exchange.responseBytes += body.length;
  if (!isBodyUnread) {
    res.end(body);
    // What is left of a small body is thrown away, also when reading it had been paused.
    if (exchange.head.hasBody) exchange.req.discardBody();
    return;
  }
  res.write(body);
  finishUnreadBody.thenEnd(exchange);
}
