import type { z } from 'zod';
import { authPaths, type providerLogout } from '#libs/contracts';
import { ANSWER_FIELDS, html } from '#libs/pages';
import { fieldOf } from '../answers/request-preferences.ts';
import { respondJson, respondPage, respondProblem } from '../answers/respond.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { DONE, type StepResult } from '../pipeline/step.ts';
import { readForm } from '../portal/read-form.ts';
import { respondAuthUnavailable } from './answer-auth-reply.ts';

/** A logout token is at most 16,384 characters. */
export const MAX_LOGOUT_FORM_BYTES = 32 * 1024;
const MAX_TOKEN_CHARACTERS = 16_384;
const MAX_ISSUER_CHARACTERS = 2048;
const MAX_SESSION_ID_CHARACTERS = 256;
const FORM = /^application\/x-www-form-urlencoded\s*(?:;|$)/i;
const BACK_CHANNEL = new RegExp(`^${authPaths.backChannelLogout}(?:/([a-z0-9-]{1,32}))?$`);
/** Nothing was checked, because the keys of the provider could not be had: it may send the token again. */
const UNCHECKED: ReadonlySet<string> = new Set(['identity-provider-unreachable', 'identity-provider-answer-invalid']);

type Request = z.input<typeof providerLogout.request>;
type Reply = z.infer<typeof providerLogout.reply>;

/** Where identity providers say that somebody signed out there; undefined: another path. On the sign-in host alone. */
export function answerProviderLogout(exchange: Exchange): StepResult | undefined {
  const { path } = exchange.target;
  const backChannel = BACK_CHANNEL.exec(path);
  if (backChannel !== null) return answerBackChannel(exchange, backChannel[1] ?? null);
  return path === authPaths.frontChannelLogout ? answerFrontChannel(exchange) : undefined;
}

/**
 * OpenID Connect Back-Channel Logout 1.0, 2.5 to 2.8: the provider posts a signed token. Cookies do not count here and none are set, and
 * no page of another origin reads the answer.
 */
async function answerBackChannel(exchange: Exchange, providerId: string | null): Promise<typeof DONE> {
  if (exchange.method !== 'POST') {
    respondProblem(exchange, 'method-not-allowed', { outcome: 'answered', fields: ['Allow', 'POST'] });
    return DONE;
  }
  if (!FORM.test(fieldOf(exchange, 'content-type'))) return refuse(exchange, 400, 'logout-request-invalid', NOT_A_FORM);
  const form = await readForm(exchange, MAX_LOGOUT_FORM_BYTES);
  if (form === undefined) return refuse(exchange, 413, 'request-too-large', TOO_LARGE);
  const [logoutToken, ...others] = form.getAll('logout_token');
  if (logoutToken === undefined || logoutToken === '' || others.length > 0 || logoutToken.length > MAX_TOKEN_CHARACTERS)
    return refuse(exchange, 400, 'logout-request-invalid', NO_TOKEN);
  const reply = await ask(exchange, { kind: 'back-channel', providerId, logoutToken });
  if (reply === undefined) return DONE;
  if (reply.status === 'ended') respondJson(exchange, 200, {});
  else if (UNCHECKED.has(reply.reason)) refuse(exchange, 503, reply.reason, reply.detail, ['Retry-After', '5']);
  else refuse(exchange, 400, reply.reason, reply.detail);
  return DONE;
}

const NOT_A_FORM = 'expected a POST of application/x-www-form-urlencoded with logout_token';
const TOO_LARGE = `expected at most ${MAX_LOGOUT_FORM_BYTES} bytes within 5 seconds`;
const NO_TOKEN = `expected logout_token once, of 1 to ${MAX_TOKEN_CHARACTERS} characters`;

/** 2.8: `invalid_request` for whatever is wrong with the request or its token. */
function refuse(
  exchange: Exchange,
  status: 400 | 413 | 503,
  reason: string,
  description: string,
  fields: readonly string[] = [],
): typeof DONE {
  exchange.outcome = status === 503 ? 'failed' : 'denied';
  exchange.reason = reason;
  const error = status === 503 ? 'temporarily_unavailable' : 'invalid_request';
  respondJson(exchange, status, { error, error_description: described(reason, description) }, fields);
  return DONE;
}

/** RFC 6749, 5.2: of printable ASCII without quote and backslash. */
function described(reason: string, description: string): string {
  return `${reason}: ${description}`.replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, ' ').slice(0, 400);
}

/**
 * OpenID Connect Front-Channel Logout 1.0, 3: the provider loads this in a frame of its own page. No cookie comes with it, so `sid`
 * says whose session ends; the answer is the same whether there was one.
 */
async function answerFrontChannel(exchange: Exchange): Promise<typeof DONE> {
  if (!exchange.isGetOrHead) {
    respondProblem(exchange, 'method-not-allowed', { outcome: 'answered', fields: ['Allow', 'GET, HEAD'] });
    return DONE;
  }
  const query = new URLSearchParams(exchange.target.query);
  const [issuer = null, ...otherIssuers] = query.getAll('iss');
  const [sessionId = '', ...otherSessions] = query.getAll('sid');
  const isWhole = sessionId !== '' && sessionId.length <= MAX_SESSION_ID_CHARACTERS && otherSessions.length === 0;
  const isKnowable = otherIssuers.length === 0 && (issuer?.length ?? 0) <= MAX_ISSUER_CHARACTERS;
  if (!isWhole || !isKnowable)
    return refuse(exchange, 400, 'logout-request-invalid', 'expected sid once, and iss at most once');
  // Nothing is done for a browser that only looks.
  if (exchange.method === 'HEAD') {
    respondPage(exchange, 200, PAGE, [], framedBy([]));
    return DONE;
  }
  const reply = await ask(exchange, { kind: 'front-channel', issuer, providerSessionId: sessionId });
  if (reply === undefined) return DONE;
  if (reply.status === 'refused') return refuse(exchange, 400, reply.reason, reply.detail);
  respondPage(exchange, 200, PAGE, [], framedBy(reply.issuers));
  return DONE;
}

/** undefined: auth does not answer, and the answer says so. */
async function ask(exchange: Exchange, message: Request['message']): Promise<Reply | undefined> {
  const { requestId, facts, tenant, services } = exchange;
  try {
    return await tenant.auth.providerLogout({ requestId, client: facts.clientInfo, message });
  } catch (error) {
    services.logger.error('sign-out by the identity provider not done', { requestId, error });
    respondAuthUnavailable(exchange);
    return undefined;
  }
}

const PAGE = html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="robots" content="noindex"><title>Signed out</title></head>
<body></body>
</html>
`.text;

/** The one page of ours that may stand in a frame: of the providers that are configured, and nobody else's. */
function framedBy(issuers: readonly string[]): readonly string[] {
  const origins = [...new Set(issuers.map((issuer) => new URL(issuer).origin))];
  const ancestors = origins.length === 0 ? "'none'" : origins.join(' ');
  return [
    'Content-Type',
    'text/html; charset=utf-8',
    'Content-Security-Policy',
    `default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors ${ancestors}`,
    ...ANSWER_FIELDS,
  ];
}
