import { type CorsRule, holdsPath } from '#libs/contracts';

/** What a request says that CORS looks at. Header values as they came, empty when absent. */
export type CorsRequest = {
  readonly method: string;
  /** Normalized path of the target. */
  readonly path: string;
  readonly origin: string;
  /** Access-Control-Request-Method. */
  readonly requestMethod: string;
  /** Access-Control-Request-Headers. */
  readonly requestHeaders: string;
};

/** Why a preflight is refused. */
export type CorsRefusal = 'cors-origin-unauthorized' | 'cors-method-unauthorized' | 'cors-header-unauthorized';

/** Fields are name and value by turns. */
export type CorsDecision =
  /** No rule speaks of this request: it goes on, and what the origin says of CORS passes. */
  | { readonly kind: 'none' }
  /** Answer here and now with 204 and these fields, ahead of sign-in: a preflight carries no cookie (Fetch, 4.8). */
  | { readonly kind: 'preflight'; readonly fields: readonly string[] }
  /** Answer here and now with 403 and these fields, which let no script pass. */
  | { readonly kind: 'refused'; readonly reason: CorsRefusal; readonly fields: readonly string[] }
  /** Goes on; these fields stand in the answer, whoever makes it, in place of all CORS_RESPONSE_FIELDS. */
  | { readonly kind: 'fields'; readonly fields: readonly string[] };

/** Fields of an origin's answer that a rule replaces, lower case. */
export const CORS_RESPONSE_FIELDS: ReadonlySet<string> = new Set([
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-allow-methods',
  'access-control-allow-headers',
  'access-control-expose-headers',
  'access-control-max-age',
]);

const NONE: CorsDecision = { kind: 'none' };
const VARY_ORIGIN: CorsDecision = { kind: 'fields', fields: ['Vary', 'Origin'] };
const VARY_PREFLIGHT = 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers';
/** Methods a preflight need not allow (Fetch, CORS-safelisted method). */
const SAFELISTED: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST']);

/**
 * What an app's CORS rules come to for one request. The rules with the longest resource that holds the path decide; of
 * those the first that allows the web origin. Pure, and bounded by the size of rules and head.
 *
 * @param ownOrigin external origin the request came by: its own scripts need no permission
 */
export function decideCors(rules: readonly CorsRule[], request: CorsRequest, ownOrigin: string): CorsDecision {
  if (rules.length === 0) return NONE;
  const { origin, path } = request;
  if (origin === ownOrigin) return NONE;
  const resource = longestResource(rules, path);
  if (resource === undefined) return NONE;
  if (origin === '') return VARY_ORIGIN;
  const rule = ruleFor(rules, resource, origin);
  if (request.method === 'OPTIONS' && request.requestMethod !== '') return decidePreflight(rule, request);
  if (rule === undefined) return VARY_ORIGIN;
  const fields = originFields(rule, origin);
  if (rule.exposedHeaders.length > 0) fields.push('Access-Control-Expose-Headers', rule.exposedHeaders.join(', '));
  fields.push('Vary', 'Origin');
  return { kind: 'fields', fields };
}

/** Whether a script of a web origin may read what the app answers to a person's cookies at this path. */
export function allowsCredentials(rules: readonly CorsRule[], path: string, origin: string): boolean {
  const resource = longestResource(rules, path);
  return resource !== undefined && ruleFor(rules, resource, origin)?.allowCredentials === true;
}

function ruleFor(rules: readonly CorsRule[], resource: string, origin: string): CorsRule | undefined {
  return rules.find((one) => one.resource === resource && allowsOrigin(one, origin));
}

function decidePreflight(rule: CorsRule | undefined, request: CorsRequest): CorsDecision {
  const { origin, requestMethod, requestHeaders } = request;
  if (rule === undefined) return refused('cors-origin-unauthorized');
  if (!allowsMethod(rule, requestMethod)) return refused('cors-method-unauthorized');
  const names = requestHeaders === '' ? [] : requestHeaders.split(',').map((name) => name.trim().toLowerCase());
  if (!names.every((name) => allowsHeader(rule, name))) return refused('cors-header-unauthorized');
  const fields = originFields(rule, origin);
  fields.push('Access-Control-Allow-Methods', methodsFor(rule, requestMethod));
  if (names.length > 0) fields.push('Access-Control-Allow-Headers', names.join(', '));
  fields.push('Access-Control-Max-Age', String(rule.maxAgeSeconds), 'Vary', VARY_PREFLIGHT);
  return { kind: 'preflight', fields };
}

function refused(reason: CorsRefusal): CorsDecision {
  return { kind: 'refused', reason, fields: ['Vary', VARY_PREFLIGHT] };
}

function longestResource(rules: readonly CorsRule[], path: string): string | undefined {
  let longest: string | undefined;
  for (const { resource } of rules)
    if (holdsPath(resource, path) && (longest === undefined || resource.length > longest.length)) longest = resource;
  return longest;
}

function allowsOrigin({ allowedOrigins }: CorsRule, origin: string): boolean {
  return allowedOrigins.includes(origin) || (allowedOrigins[0] === '*' && allowedOrigins.length === 1);
}

/** Methods are case-sensitive, as in HTTP. */
function allowsMethod({ allowedMethods }: CorsRule, method: string): boolean {
  return SAFELISTED.has(method) || allowedMethods.includes(method) || allowedMethods.includes('*');
}

/** `*` does not stand for Authorization, as in browsers: that one must be named. */
function allowsHeader({ allowedHeaders }: CorsRule, name: string): boolean {
  return allowedHeaders.some((allowed) => {
    if (allowed === '*') return name !== 'authorization';
    return allowed.endsWith('*') ? name.startsWith(allowed.slice(0, -1)) : name === allowed;
  });
}

/** The whole list, so that one answer serves browsers for all methods; with `*` the one that was asked for. */
function methodsFor({ allowedMethods }: CorsRule, asked: string): string {
  const named = allowedMethods.filter((method) => method !== '*');
  return named.includes(asked) ? named.join(', ') : [...named, asked].join(', ');
}

function originFields(rule: CorsRule, origin: string): string[] {
  const isOpen = rule.allowedOrigins[0] === '*' && !rule.allowCredentials;
  const fields = ['Access-Control-Allow-Origin', isOpen ? '*' : origin];
  if (rule.allowCredentials) fields.push('Access-Control-Allow-Credentials', 'true');
  return fields;
}
