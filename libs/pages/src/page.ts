import { createHash } from 'node:crypto';
import { type Html, html } from './html.ts';
import { type Catalog, DEFAULT_LANGUAGE, type Language } from './language.ts';
import { STYLE } from './style.ts';

export type PageInput = {
  /** Title of the window; " · Sallyport" is added. */
  readonly title: string;
  readonly body: Html;
  /** `narrow` centers one card; `wide` fills up to 72 rem. Default `narrow`. */
  readonly width?: 'narrow' | 'wide';
  /** Content of the header bar beside the name, for example who is signed in. */
  readonly bar?: Html;
  /** Target of the name in the bar; without it the name is plain text and leads nowhere. */
  readonly home?: string;
  /** Language of all texts. Default `en`. */
  readonly language?: Language;
  /** Runs when the page is read; its header fields must allow it: `createPageFields(script)`. Default: none. */
  readonly script?: string;
};

const SKIP: Catalog<string> = { en: 'Skip to content', it: 'Vai al contenuto' };

const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'%3E%3Crect width='24' height='24' rx='5' fill='%230f5f8c'/%3E%3Cpath d='M6 19V11a6 6 0 0 1 12 0v8M10 19v-7a2 2 0 0 1 4 0v7' fill='none' stroke='%23fff' stroke-width='2' stroke-linecap='round'/%3E%3C/svg%3E";

/** A whole document, without script unless one is given. */
export function renderPage(input: PageInput): string {
  const styleTag = `<style>${STYLE}</style>`;
  const width = input.width ?? 'narrow';
  const language = input.language ?? DEFAULT_LANGUAGE;
  const body = html`<a class="skip" href="#main">${SKIP[language]}</a>
<header class="bar"><div>${brand(input.home)}${input.bar}</div></header>
<main id="main" class="${width}">${input.body}
`;
  const script = input.script === undefined ? '' : `<script>${input.script}</script>\n`;
  const head = html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<title>${input.title} · Sallyport</title>
<link rel="icon" href="${ICON}">
`;
  return `${head.text}${styleTag}\n</head>\n<body>\n${body.text}${script}</main>\n</body>\n</html>\n`;
}

function brand(home: string | undefined): Html {
  const content = html`<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" aria-hidden="true"><path d="M5 20V11a7 7 0 0 1 14 0v9"/><path d="M9.5 20v-7.5a2.5 2.5 0 0 1 5 0V20"/><path d="M3 20h18"/></svg><span>Sallyport</span>`;
  return home === undefined
    ? html`<span class="brand">${content}</span>`
    : html`<a class="brand" href="${home}">${content}</a>`;
}

/**
 * Header fields of every page, names and values alternating: no framing, no caching, nothing loaded from anywhere but the
 * page's own style and the one `script` it may have, which are allowed by their hashes. Forms go to this site; what they lead to is https.
 */
export function createPageFields(script?: string): readonly string[] {
  const policy = [
    "default-src 'none'",
    `style-src ${hashSource(STYLE)}`,
    ...(script === undefined ? [] : [`script-src ${hashSource(script)}`]),
    'img-src data:',
    "form-action 'self' https:",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ];
  return [
    'Content-Type',
    'text/html; charset=utf-8',
    'Content-Security-Policy',
    policy.join('; '),
    'X-Frame-Options',
    'DENY',
    'Cross-Origin-Opener-Policy',
    'same-origin',
    ...ANSWER_FIELDS,
  ];
}

function hashSource(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

/** Header fields of every answer we give ourselves. */
export const ANSWER_FIELDS: readonly string[] = [
  'Cache-Control',
  'no-store',
  'X-Content-Type-Options',
  'nosniff',
  'Referrer-Policy',
  'same-origin',
];
