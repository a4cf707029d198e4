import express, { type ErrorRequestHandler, type Express, type Request, type Response } from 'express';
import { newId } from '#libs/contracts';
import { isSallyportError, SallyportError } from '#libs/errors';
import type { Logger } from '#libs/telemetry';
import { refuseRequest } from '../errors.ts';
import { MAX_BODY_BYTES } from '../limits.ts';
import { requireAdministrator } from './authenticate.ts';
import type { Followers } from './followers.ts';
import { sendProblem, toProblem } from './problem.ts';
import { readCall } from './read-call.ts';
import type { Answer, Backbone, Method, Route } from './route.ts';

export type ApiOptions = {
  readonly routes: readonly Route[];
  readonly backbone: Backbone;
  readonly followers: Followers;
  readonly logger: Logger;
};

const PUBLIC_ACTOR = { kind: 'system', id: 'anonymous' } as const;

/**
 * The routes below `/v1`. Order for each request: headers, token, administrator, body, fields, then the service. Express 5
 * hands rejected handlers to the error handler, so no request can end the process.
 */
export function createApiApp(options: ApiOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.set('case sensitive routing', true);
  app.use(secure);
  const api = express.Router({ caseSensitive: true });
  for (const route of options.routes) if (route.isPublic) register(api, route, options);
  api.use(async (req, res, next) => {
    res.locals.caller = await requireAdministrator(options.backbone, req, requestIdOf(res));
    next();
  });
  api.use(requireJson, express.json({ limit: MAX_BODY_BYTES, inflate: false, strict: true, type: () => true }));
  for (const route of options.routes) if (!route.isPublic) register(api, route, options);
  for (const [path, methods] of methodsByPath(options.routes)) api.all(path, refuseMethod(methods));
  app.use('/v1', api);
  app.use((req: Request) => {
    throw refuseRequest('ERR_API_ROUTE', `no such resource: ${req.path.slice(0, 200)}, see /v1/openapi.json`);
  });
  app.use(answerError(options.logger));
  return app;
}

/** No Strict-Transport-Security: the default host is localhost, whose other ports a browser would then refuse over http. */
function secure(_req: Request, res: Response, next: () => void): void {
  res.locals.requestId = newId('req');
  res.set({
    'x-request-id': requestIdOf(res),
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  });
  next();
}

function requestIdOf(res: Response): string {
  return String(res.locals.requestId);
}

function requireJson(req: Request, _res: Response, next: () => void): void {
  const hasBody = req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;
  if (hasBody && !/^application\/(merge-patch\+)?json\s*(;|$)/i.test(req.headers['content-type'] ?? ''))
    throw refuseRequest('ERR_API_MEDIA_TYPE', 'the body must be JSON: send Content-Type: application/json');
  next();
}

function register(router: express.Router, route: Route, { backbone, followers, logger }: ApiOptions): void {
  router[route.method](route.path, async (req: Request, res: Response) => {
    const gone = new AbortController();
    res.once('close', () => gone.abort());
    const { actor, expiresAt } = res.locals.caller ?? { actor: PUBLIC_ACTOR, expiresAt: undefined };
    const call = readCall(req, route, { actor, requestId: requestIdOf(res), signal: gone.signal });
    const answer = await route.handle({ query: req.query, body: req.body, call });
    if (answer.lines !== undefined) {
      const isAllowedStill = () => mayStill(backbone, req, requestIdOf(res));
      await followers.send(res, answer.lines, { gone, expiresAt, isAllowedStill });
      return;
    }
    send(res, answer);
    if (route.method !== 'get')
      logger.info('changed by api', {
        requestId: call.requestId,
        commandId: call.commandId,
        actor: call.actor,
        method: route.method,
        route: route.path,
      });
  });
}

/** A refusal ends it; that auth is away for a while does not. */
async function mayStill(backbone: Backbone, req: Request, requestId: string): Promise<boolean> {
  try {
    await requireAdministrator(backbone, req, requestId);
    return true;
  } catch (error) {
    return isSallyportError(error) && error.retryable;
  }
}

function send(res: Response, answer: Answer): void {
  res.status(answer.status ?? 200);
  if (answer.revision !== undefined) res.setHeader('etag', `"${answer.revision}"`);
  if (answer.location !== undefined) res.setHeader('location', answer.location);
  if (answer.body === undefined) res.end();
  else res.type('application/json').send(JSON.stringify(answer.body));
}

function methodsByPath(routes: readonly Route[]): ReadonlyMap<string, readonly Method[]> {
  const byPath = new Map<string, Method[]>();
  for (const { path, method } of routes) byPath.set(path, [...(byPath.get(path) ?? []), method]);
  return byPath;
}

function refuseMethod(methods: readonly Method[]): (req: Request, res: Response) => void {
  const allow = methods.map((method) => method.toUpperCase()).join(', ');
  return (req, res) => {
    res.setHeader('allow', allow);
    throw refuseRequest('ERR_API_METHOD', `${req.method} is not possible here, expected ${allow}`);
  };
}

function answerError(logger: Logger): ErrorRequestHandler {
  return (given: unknown, req, res, _next) => {
    const error = fromExpress(given);
    const problem = toProblem(error, requestIdOf(res));
    const fields = { requestId: problem.requestId, code: problem.code, status: problem.status, method: req.method };
    if (problem.status >= 500) logger.error('request failed', { ...fields, error });
    else logger.info('request refused', fields);
    // Half an answer cannot be taken back: cut it, so that the caller does not take it for a whole one.
    if (res.headersSent) res.destroy();
    else sendProblem(res, problem);
  };
}

/** Errors of Express and its body parser carry a status and a type; they never come from a service. */
function fromExpress(error: unknown): unknown {
  if (isSallyportError(error) || typeof error !== 'object' || error === null || !('status' in error)) return error;
  const type = 'type' in error ? String(error.type) : '';
  if (type === 'entity.too.large')
    return refuseRequest('ERR_API_BODY_TOO_LARGE', `the body has more than ${MAX_BODY_BYTES} bytes`, {
      maxBytes: MAX_BODY_BYTES,
    });
  if (type === 'entity.parse.failed')
    return refuseRequest('ERR_API_BODY_SYNTAX', 'the body is not a JSON object, check commas, quotes and brackets');
  if (type === 'encoding.unsupported' || type === 'charset.unsupported')
    return refuseRequest('ERR_API_MEDIA_TYPE', 'the body must be JSON in UTF-8, not compressed');
  if (typeof error.status === 'number' && error.status >= 400 && error.status < 500)
    return new SallyportError('ERR_API_INVALID', 'the request cannot be read', { expose: true, cause: error });
  return error;
}
