import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { type Html, html } from '#libs/pages';
import { STYLE } from './style.ts';

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** A whole page without script. */
export function sendPage(
  res: ServerResponse,
  page: { readonly title: string; readonly body: Html; readonly status?: number },
): void {
  const head = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${page.title}</title>
`;
  const text = `${head.text}<style>${STYLE}</style>\n</head>\n<body>\n<main>\n${page.body.text}\n</main>\n<footer>Sample app for development</footer>\n</body>\n</html>\n`;
  res.writeHead(page.status ?? 200, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action 'self'; base-uri 'none'`,
    'cache-control': 'no-store',
  });
  res.end(text);
}

export function sendJson(res: ServerResponse, status: number, value: unknown): void {
  res.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' });
  res.end(`${JSON.stringify(value, null, 2)}\n`);
}
