import type { CorsRule } from '#libs/contracts';
import { parseUrl } from '#libs/urls';
import { refuseValue } from '../errors.ts';
import { isPlainPath } from './plain-path.ts';

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_NAME = /^[!#$%&'+.^_`|~0-9a-z-]+\*?$|^\*$/;

/** Checked rules: resources end in `/`, header names are lower case, nothing stands twice. Error: ERR_APP_CORS. */
export function normalizeCorsRules(rules: readonly CorsRule[]): CorsRule[] {
  return rules.map(normalizeRule);
}

function normalizeRule(rule: CorsRule): CorsRule {
  const allowedOrigins = unique(rule.allowedOrigins.map(normalizeOrigin));
  if (allowedOrigins.includes('*')) requireOpenRule(rule, allowedOrigins);
  if (rule.allowCredentials && rule.exposedHeaders.includes('*'))
    throw refuse('exposedHeaders', '*', 'means nothing to browsers beside allowCredentials', 'name the headers');
  return {
    resource: normalizeResource(rule.resource),
    allowedOrigins,
    allowedMethods: unique(rule.allowedMethods.map(requireMethod)),
    allowedHeaders: unique(rule.allowedHeaders.map(normalizeHeader)),
    exposedHeaders: unique(rule.exposedHeaders.map(normalizeHeader)),
    allowCredentials: rule.allowCredentials,
    maxAgeSeconds: rule.maxAgeSeconds,
  };
}

function requireOpenRule(rule: CorsRule, origins: readonly string[]): void {
  if (origins.length > 1)
    throw refuse('allowedOrigins', origins.join(' '), 'names * beside others', 'give * alone, or the origins you mean');
  if (!rule.allowCredentials) return;
  throw refuse(
    'allowedOrigins',
    '*',
    'would let every web site act as the signed-in user',
    'name the origins, or turn allowCredentials off',
  );
}

function normalizeOrigin(text: string): string {
  if (text === '*') return text;
  const origin = parseUrl(text)?.origin;
  if (origin !== undefined && /^https?:\/\/[^*]+$/.test(origin) && text.replace(/\/$/, '') === origin) return origin;
  throw refuse(
    'allowedOrigins',
    text,
    'is not a web origin',
    'expected scheme, host and port, as in https://a.example',
  );
}

function normalizeResource(text: string): string {
  const folder = text.endsWith('/') ? text : `${text}/`;
  if (isPlainPath(folder)) return folder;
  throw refuse('resource', text, 'is not a plain path', 'expected a path such as / or /api/');
}

function requireMethod(text: string): string {
  if (TOKEN.test(text)) return text;
  throw refuse('allowedMethods', text, 'is not a method', 'expected names such as PUT, or *');
}

function normalizeHeader(text: string): string {
  const name = text.toLowerCase();
  if (HEADER_NAME.test(name)) return name;
  throw refuse('headers', text, 'is not a header name', 'expected a name, a beginning and *, or *');
}

function refuse(field: string, value: string, why: string, remedy: string): Error {
  return refuseValue('ERR_APP_CORS', { field: `corsRules.${field}`, value, why, remedy });
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
