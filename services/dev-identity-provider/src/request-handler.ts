import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import type { Logger } from '#libs/telemetry';
import type { Directory } from './directory.ts';
import { interact } from './interactions.ts';
import { askForOfflineAccess } from './offline-access.ts';
import { confirmPage, DEVELOPMENT_NOTICE, errorPage, messagePage } from './pages.ts';
import { askForIdToken, createOneTimeCodes } from './second-factor.ts';

const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

export type HandlerParts = {
  readonly provider: Provider;
  readonly tenantId: string;
  readonly directory: Directory;
  readonly logger: Logger;
};

/** Serves `/<tenant>/login/<uid>` itself and hands `/<tenant>/...` to oidc-provider without the prefix. */
export function createRequestHandler(parts: HandlerParts): (req: IncomingMessage, res: ServerResponse) => void {
  const { provider, tenantId, logger } = parts;
  const prefix = `/${tenantId}`;
  noticeOnEveryPage(provider);
  const callback = provider.callback();
  const interaction = { ...parts, codes: createOneTimeCodes(), send };
  const handle = async (req: IncomingMessage, res: ServerResponse) => {
    const url = req.url ?? '/';
    if (url.startsWith(`${prefix}/login/`)) return interact(interaction, req, res);
    if (!url.startsWith(`${prefix}/`)) {
      if (url === '/')
        return send(res, 200, messagePage('Development identity provider', `Issuer: ${provider.issuer}`));
      return send(res, 404, errorPage('not_found', 'There is no such page at this identity provider.'));
    }
    const inner = url.startsWith(`${prefix}/v2.0/.well-known/`)
      ? url.replace('/v2.0/', '/')
      : askForOfflineAccess(askForIdToken(url));
    Object.assign(req, { originalUrl: inner, baseUrl: prefix, url: inner.slice(prefix.length) });
    await callback(req, res);
  };
  return (req, res) => {
    handle(req, res).catch((error: unknown) => {
      logger.warn('request failed', { error });
      if (!res.headersSent) send(res, 400, errorPage('invalid_request', problemOf(error)));
      else res.destroy();
    });
  };
}

/** oidc-provider writes a few pages itself (forms that submit themselves by script): they get our page, notice and button. */
function noticeOnEveryPage(provider: Provider): void {
  provider.use(async (ctx, next) => {
    await next();
    if (typeof ctx.body !== 'string' || ctx.type !== 'text/html') return;
    if (!ctx.body.includes(DEVELOPMENT_NOTICE)) {
      const form = /<form[\s\S]*?<\/form>/i.exec(ctx.body)?.[0].replace(/<noscript>[\s\S]*?<\/noscript>/i, '') ?? '';
      ctx.body = confirmPage({ title: 'Continue', text: '<p>One more step.</p>', form, button: 'Continue' });
    }
    ctx.set({ ...PAGE_HEADERS });
  });
}

function send(res: ServerResponse, status: number, body: string): void {
  res.writeHead(status, PAGE_HEADERS).end(body);
}

function problemOf(error: unknown): string {
  const expired = error instanceof Error && error.name === 'SessionNotFound';
  return expired
    ? 'This sign-in expired or was finished already. Start again at the app.'
    : 'The request is not valid.';
}
