import { authPaths, PORTAL_APP_ID, RESERVED_PATH } from '#libs/contracts';
import { ANSWER_FIELDS } from '#libs/pages';
import { answerErrorPage } from '../answers/answer-error-page.ts';
import { ERRORS_PATH } from '../answers/problem-address.ts';
import { languageOf } from '../answers/request-preferences.ts';
import { respondPage, respondProblem, respondRedirect, respondText } from '../answers/respond.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { DONE, NEXT, type StepResult } from '../pipeline/step.ts';
import { answerAuthReply, browserRequest, respondAuthUnavailable } from './answer-auth-reply.ts';
import { readHintedApp } from './app-hint.ts';
import { answerProviderLogout } from './provider-logout.ts';
import { isSameOrigin } from './same-origin.ts';
import { confirmSignOutPage, signedOutPage } from './sign-out-pages.ts';

/** Where an identity provider may send the browser after it ended its own session. */
const SIGNED_OUT_PATH = `${RESERVED_PATH}signed-out`;
/** Of the first identity provider, and of another one by its id. */
const CALLBACK = new RegExp(`^${authPaths.callback}(?:/([a-z0-9-]{1,32}))?$`);
/** Longest text auth takes; nothing it sealed is longer. */
const MAX_SEALED_LENGTH = 8192;

export function isReservedPath(matchPath: string): boolean {
  return matchPath.startsWith(RESERVED_PATH) || `${matchPath}/` === RESERVED_PATH;
}

/** Everything below `/.sallyport/`, on every host of the ingress. Nothing here is ever forwarded. */
export function answerReservedPath(exchange: Exchange): StepResult {
  const { path, matchPath } = exchange.target;
  if (!isReservedPath(matchPath)) return NEXT;
  if (path === authPaths.signOut) return answerSignOut(exchange);
  if (path === authPaths.keys) return requireGet(exchange) ?? answerKeys(exchange);
  if (path === SIGNED_OUT_PATH) return requireGet(exchange) ?? showSignedOut(exchange);
  if (path.startsWith(ERRORS_PATH)) return requireGet(exchange) ?? showError(exchange);
  const isSignInHost = exchange.hostname === exchange.services.signInHost;
  if (isSignInHost && path === authPaths.signIn) return requireGet(exchange) ?? continueOnSignInHost(exchange);
  const callback = isSignInHost ? CALLBACK.exec(path) : null;
  if (callback !== null) return requireGet(exchange) ?? completeOnSignInHost(exchange, callback[1] ?? null);
  const logout = isSignInHost ? answerProviderLogout(exchange) : undefined;
  if (logout !== undefined) return logout;
  if (!isSignInHost && path === authPaths.complete) return requireGet(exchange) ?? openAccess(exchange);
  return notFound(exchange);
}

/** The sign-in host has no page of its own. */
export function redirectToPortal(exchange: Exchange): StepResult {
  if (exchange.target.path !== '/') return notFound(exchange);
  const refused = requireGet(exchange);
  if (refused) return refused;
  respondRedirect(exchange, `${exchange.services.portalOrigin}/`, []);
  return DONE;
}

/** The bare domain: the way to the portal and the public keys, nothing else. */
export function answerFrontDoor(exchange: Exchange): StepResult {
  if (exchange.target.path === authPaths.keys) return requireGet(exchange) ?? answerKeys(exchange);
  return redirectToPortal(exchange);
}

function notFound(exchange: Exchange): typeof DONE {
  respondProblem(exchange, 'unknown-path', { outcome: 'answered' });
  return DONE;
}

function requireGet(exchange: Exchange): StepResult | undefined {
  if (exchange.isGetOrHead) return undefined;
  respondProblem(exchange, 'method-not-allowed', { outcome: 'answered', fields: ['Allow', 'GET, HEAD'] });
  return DONE;
}

async function continueOnSignInHost(exchange: Exchange): Promise<typeof DONE> {
  const token = sealedText(exchange, 't');
  await answerAuthReply(exchange, exchange.tenant.auth.continueSignIn({ ...browserRequest(exchange), token }));
  return DONE;
}

async function completeOnSignInHost(exchange: Exchange, providerId: string | null): Promise<typeof DONE> {
  const parameters: Record<string, string | string[]> = {};
  const given = query(exchange);
  for (const name of new Set(given.keys())) {
    const values = given.getAll(name);
    Object.defineProperty(parameters, name, {
      value: values.length === 1 ? values[0] : values,
      enumerable: true,
    });
  }
  const request = { ...browserRequest(exchange), query: parameters, providerId };
  await answerAuthReply(exchange, exchange.tenant.auth.completeSignIn(request));
  return DONE;
}

async function openAccess(exchange: Exchange): Promise<typeof DONE> {
  const appId = exchange.hostname === exchange.services.portalHost ? PORTAL_APP_ID : readHintedApp(exchange);
  if (appId === undefined) return notFound(exchange);
  const ticket = sealedText(exchange, 'ticket');
  const reply = exchange.tenant.auth.openAppAccess({ ...browserRequest(exchange), appId, ticket });
  await answerAuthReply(exchange, reply, 'return');
  return DONE;
}

function showError(exchange: Exchange): StepResult {
  return answerErrorPage(exchange) ? DONE : notFound(exchange);
}

function showSignedOut(exchange: Exchange): StepResult {
  respondPage(exchange, 200, signedOutPage(exchange.services, languageOf(exchange)));
  return DONE;
}

/** Only a form of this very host may end a session: a link or another site cannot. */
async function answerSignOut(exchange: Exchange): Promise<typeof DONE> {
  if (exchange.isGetOrHead) {
    respondPage(exchange, 200, confirmSignOutPage(exchange.services, languageOf(exchange)));
  } else if (exchange.method !== 'POST') {
    respondProblem(exchange, 'method-not-allowed', { outcome: 'answered', fields: ['Allow', 'GET, HEAD, POST'] });
  } else if (!isSameOrigin(exchange)) {
    respondProblem(exchange, 'cross-site-request', { outcome: 'denied' });
  } else {
    await answerAuthReply(exchange, exchange.tenant.auth.signOut(browserRequest(exchange)));
  }
  return DONE;
}

async function answerKeys(exchange: Exchange): Promise<typeof DONE> {
  try {
    const { keys } = await exchange.tenant.auth.assertionKeys();
    const fields = ['Cache-Control', 'public, max-age=300', ...ANSWER_FIELDS.slice(2)];
    respondText(exchange, 'application/jwk-set+json', `${JSON.stringify({ keys })}\n`, fields);
  } catch (error) {
    exchange.services.logger.error('assertion keys not read', { requestId: exchange.requestId, error });
    respondAuthUnavailable(exchange);
  }
  return DONE;
}

/** Empty when absent or longer than anything sealed: auth refuses both as what they are, a link that was changed. */
function sealedText(exchange: Exchange, name: string): string {
  const text = query(exchange).get(name) ?? '';
  return text.length <= MAX_SEALED_LENGTH ? text : '';
}

function query(exchange: Exchange): URLSearchParams {
  return new URLSearchParams(exchange.target.query);
}
