import { DEFAULT_HSTS_SECONDS } from '#libs/contracts';
import { ANSWER_FIELDS } from '#libs/pages';
import { hstsValue } from '../listener/hsts.ts';
import type { Exchange, Outcome } from '../pipeline/exchange.ts';
import type { FragmentPage } from '../sign-in/fragment-pages.ts';
import { grpcFields, isGrpc } from './grpc-answer.ts';
import { problemType } from './problem-address.ts';
import { problemPage } from './problem-page.ts';
import { problemWords } from './problem-words.ts';
import { type ProblemReason, problemOf } from './problems.ts';
import { languageOf, PAGE_VARIES } from './request-preferences.ts';
import { finishUnreadBody } from './unread-body.ts';

const OWN_HSTS = { maxAgeSeconds: DEFAULT_HSTS_SECONDS, includeSubDomains: false };
const NO_BODY_STATUS: ReadonlySet<number> = new Set([204, 304]);
const NO_BODY = Buffer.alloc(0);

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
  readonly members?: Readonly<Record<string, string | number | readonly string[]>>;
  /** Programs only: never a page. */
  readonly isProgram?: boolean;
};

/**
 * Refuses a request: a page for people, `application/problem+json` (RFC 9457) for programs, a status of its own for gRPC; in
 * the language that was asked for.
 */
export function respondProblem(exchange: Exchange, key: ProblemReason, extra: ProblemExtra): void {
  const problem = problemOf(key);
  const status = extra.status ?? problem.status;
  const reason = extra.reason ?? problem.reason;
  exchange.outcome = extra.outcome;
  exchange.reason = reason;
  const language = languageOf(exchange);
  const words = problemWords(exchange, problem, extra, language);
  const fields = ['Content-Language', language, 'Vary', PAGE_VARIES];
  if (extra.retryAfterSeconds !== undefined) fields.push('Retry-After', String(extra.retryAfterSeconds));
  if (extra.fields) fields.push(...extra.fields);
  const { title, detail } = words;
  if (isGrpc(exchange)) {
    const message = `${problem.code} ${title}: ${detail} (${exchange.requestId})`;
    send(exchange, 200, [...grpcFields(exchange, status, message), ...ANSWER_FIELDS, ...fields], '');
    return;
  }
  if (exchange.isNavigation && extra.isProgram !== true) {
    const { receipt, username } = extra;
    const page = problemPage(exchange, { problem, words, language, status, receipt, username });
    send(exchange, status, [...exchange.services.pageFields, ...fields], page);
    return;
  }
  const document = {
    type: problemType(exchange, problem.code),
    title,
    status,
    detail,
    code: problem.code,
    reason,
    menders: problem.menders,
    requestId: exchange.requestId,
    ...(extra.receipt === undefined ? {} : { receipt: extra.receipt }),
    ...extra.members,
  };
  const text = `${JSON.stringify(document)}\n`;
  send(exchange, status, ['Content-Type', 'application/problem+json', ...ANSWER_FIELDS, ...fields], text);
}

/** A page in the language of `languageOf(exchange)`; `pageFields` for one with a script. */
export function respondPage(
  exchange: Exchange,
  status: number,
  page: string,
  fields: readonly string[] = [],
  pageFields: readonly string[] = exchange.services.pageFields,
): void {
  const own = ['Content-Language', languageOf(exchange), 'Vary', 'Accept-Language'];
  send(exchange, status, [...pageFields, ...own, ...fields], page);
}

export function respondText(
  exchange: Exchange,
  contentType: string,
  text: string,
  fields: readonly string[] = ANSWER_FIELDS,
): void {
  send(exchange, 200, ['Content-Type', contentType, ...fields], text);
}

/** A document of a protocol that has errors of its own, not those of RFC 9457. */
export function respondJson(
  exchange: Exchange,
  status: number,
  document: Readonly<Record<string, string>>,
  fields: readonly string[] = [],
): void {
  const all = ['Content-Type', 'application/json', ...ANSWER_FIELDS, ...fields];
  send(exchange, status, all, `${JSON.stringify(document)}\n`);
}

/** A page that leads on by script, in place of a redirect. */
export function respondFragmentPage(
  exchange: Exchange,
  status: number,
  page: FragmentPage,
  setCookies: readonly string[],
): void {
  exchange.outcome = 'redirected';
  send(exchange, status, [...page.fields, ...setCookies.flatMap((cookie) => ['Set-Cookie', cookie])], page.text);
}

export function respondRedirect(exchange: Exchange, location: string, setCookies: readonly string[]): void {
  exchange.outcome = 'redirected';
  const fields = ['Location', location, ...ANSWER_FIELDS];
  for (const cookie of setCookies) fields.push('Set-Cookie', cookie);
  const isAfterForm = exchange.method === 'POST';
  send(exchange, isAfterForm ? 303 : 302, fields, '');
}

/** Apps as their admin said; hosts of our own always, but for localhost, which other programs use as well (RFC 6797). */
function hstsFields({ app, hostname }: Exchange): readonly string[] {
  const hsts = app ? app.view.hsts : hostname.endsWith('localhost') ? null : OWN_HSTS;
  return hsts === null ? [] : ['Strict-Transport-Security', hstsValue(hsts)];
}

/** With HEAD the length is that of the body GET would get, and no body follows; nor after a status that has none. */
function send(exchange: Exchange, status: number, fields: readonly string[], text: string): void {
  const { res } = exchange;
  if (res.headersSent || res.destroyed) return;
  const body = Buffer.from(text, 'utf8');
  const isBodyless = NO_BODY_STATUS.has(status);
  const all = [...fields, ...(exchange.corsFields ?? []), ...hstsFields(exchange), 'X-Request-Id', exchange.requestId];
  if (!isBodyless) all.push('Content-Length', String(body.length));
  const sent = isBodyless || exchange.method === 'HEAD' ? NO_BODY : body;
  const isBodyUnread = finishUnreadBody.isNeeded(exchange);
  if (isBodyUnread || exchange.mustClose || exchange.services.isDraining()) {
    all.push('Connection', 'close');
  }
  res.writeHead(status, all);
  exchange.responseBytes += sent.length;
  if (!isBodyUnread) {
    if (sent.length > 0) res.end(sent);
    else res.end();
    // What is left of a small body is thrown away, also when reading it had been paused.
    if (exchange.head.hasBody) exchange.req.discardBody();
    return;
  }
  if (sent.length > 0) res.write(sent);
  finishUnreadBody.thenEnd(exchange);
}
