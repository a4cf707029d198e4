import { isWildcardHost } from '#libs/contracts';
import { parseUrl } from '#libs/urls';
import { refuseValue } from '../errors.ts';
import { isPlainPath } from './plain-path.ts';

/** What the deployment allows of external URLs. Arrives in commands, so that deciding stays pure. */
export type ExternalUrlPolicy = {
  /** Domain of the gate: apps live under it unless they bring a domain of their own. */
  readonly domain: string;
  /** Port of the ingress as users see it. A port left out of an external URL becomes this one. */
  readonly externalPort: number;
  /** First labels that belong to Sallyport itself. */
  readonly reservedHosts: readonly string[];
};

const MAX_URL_CHARACTERS = 2048;
const MAX_LABEL_CHARACTERS = 63;
const MAX_HOST_CHARACTERS = 253;
/** As WHATWG URL writes hosts that are addresses. */
const IP_ADDRESS = /^\[|^\d+\.\d+\.\d+\.\d+$/;
const LABEL = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
/** Path the ingress answers by itself on every host. */
const RESERVED_PATH_PREFIX = '/.sallyport';

/** Absolute http or https URL, normalized to end in `/`; its first label may be `*`. Error: ERR_APP_URL. */
export function normalizeInternalUrl(text: string): string {
  const refuse = refusing('internalUrl', text);
  const url = requireUrl(text, refuse, 'give an absolute URL such as http://localhost:3000/');
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw refuse(`uses ${url.protocol.slice(0, -1)}`, 'only http and https origins can be published');
  requireBare(url, refuse);
  if (url.hostname.slice(1).includes('*') || (url.hostname.includes('*') && !isWildcardHost(url.hostname)))
    throw refuse('has * in another place than its first name', 'write it as in https://*.internal.example/');
  if (LINK_LOCAL.test(url.hostname))
    throw refuse(
      'is a link-local address, where clouds answer with the credentials of the host',
      'give the address of a web app',
    );
  return withTrailingSlash(url);
}

/**
 * https URL of a host under the domain or of a domain of its own, normalized to end in `/`; its first label may be `*`.
 * Error: ERR_APP_URL.
 */
export function normalizeExternalUrl(text: string, policy: ExternalUrlPolicy): string {
  const refuse = refusing('externalUrl', text);
  const example = `https://wiki.${policy.domain}${portSuffix(policy)}/`;
  const url = requireUrl(text, refuse, `give an absolute URL such as ${example}`);
  if (url.protocol !== 'https:')
    throw refuse(`uses ${url.protocol.slice(0, -1)}`, `users reach apps over https only, for example ${example}`);
  requireBare(url, refuse);
  requireHost(url.hostname, policy, refuse, example);
  const path = url.pathname.toLowerCase();
  if (path === RESERVED_PATH_PREFIX || path.startsWith(`${RESERVED_PATH_PREFIX}/`))
    throw refuse('lies under /.sallyport/, which the ingress answers itself', 'choose another path');
  if (!isPlainPath(url.pathname))
    throw refuse(
      'has a path that can be written in several ways',
      "use letters, digits and the signs - . _ ~ ! $ ' ( ) * + , = : @ between single slashes",
    );
  if (url.port === '' && policy.externalPort !== 443) url.port = String(policy.externalPort);
  if (portOf(url) !== policy.externalPort)
    throw refuse(`names port ${portOf(url)}`, `the ingress listens on ${policy.externalPort}, leave the port out`);
  return withTrailingSlash(url);
}

/** A host as normalizeExternalUrl takes it, without scheme, port and path. Error: ERR_APP_URL. */
export function normalizeExternalHost(text: string, policy: ExternalUrlPolicy): string {
  const refuse = refusing('alternateHosts', text);
  const example = `wiki.${policy.domain}`;
  const url = parseUrl(`https://${text}/`);
  if (url === undefined || /[/:@?#\\]/.test(text))
    throw refuse('is not a host name', `give a name alone, such as ${example}`);
  requireHost(url.hostname, policy, refuse, example);
  return url.hostname;
}

/** `https://<slug of the name>.<domain>:<port>/`. Error: ERR_APP_URL when the name gives no host name. */
export function defaultExternalUrl(name: string, policy: ExternalUrlPolicy): string {
  const slug = slugOf(name);
  if (slug !== '') return normalizeExternalUrl(`https://${slug}.${policy.domain}/`, policy);
  throw refuseValue('ERR_APP_URL', {
    field: 'name',
    value: name,
    why: 'gives no host name (no letter a-z and no digit in it)',
    remedy: 'pass an external URL',
  });
}

/** A host label from a name: `Bücher & Wiki` becomes `bucher-wiki`; empty when nothing is left. */
export function slugOf(name: string): string {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  const dashed = plain.replace(/[^a-z0-9]+/g, '-').slice(0, MAX_LABEL_CHARACTERS);
  return dashed.replace(/^-+|-+$/g, '');
}

/** As WHATWG URL writes them, also from decimal and IPv4-mapped spellings. Connectors look again after resolving names. */
const LINK_LOCAL = /^(169\.254\.\d+\.\d+|\[fe[89ab][0-9a-f]:.*\]|\[::ffff:a9fe:[0-9a-f]+\])$/;

type Refuse = (why: string, remedy: string) => Error;

function refusing(field: string, value: string): Refuse {
  return (why, remedy) => refuseValue('ERR_APP_URL', { field, value: withoutPassword(value), why, remedy });
}

/** An error message must not carry a password on. */
function withoutPassword(text: string): string {
  return text.replace(/\/\/[^/@]*@/, '//[redacted]@');
}

function requireUrl(text: string, refuse: Refuse, remedy: string): URL {
  if (text.length > MAX_URL_CHARACTERS)
    throw refuse(`has ${text.length} characters`, `expected at most ${MAX_URL_CHARACTERS}`);
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? parseUrl(text) : undefined;
  if (url === undefined) throw refuse('is not an absolute URL', remedy);
  return url;
}

function requireBare(url: URL, refuse: Refuse): void {
  if (url.username !== '' || url.password !== '')
    throw refuse('carries credentials', 'leave them out, everybody who may list apps could read them');
  if (url.search !== '' || url.href.includes('?')) throw refuse('has a query', 'end it with the path');
  if (url.hash !== '' || url.href.includes('#')) throw refuse('has a fragment', 'end it with the path');
}

function requireHost(host: string, policy: ExternalUrlPolicy, refuse: Refuse, example: string): void {
  const name = isWildcardHost(host) ? host.slice(2) : host;
  const labels = name.split('.');
  if (IP_ADDRESS.test(host)) throw refuse('is an address', `certificates and cookies need a name, such as ${example}`);
  if (labels.length < 2) throw refuse('has one name only', `choose a host such as ${example}`);
  if (
    host.length > MAX_HOST_CHARACTERS ||
    !labels.every((label) => LABEL.test(label) && label.length <= MAX_LABEL_CHARACTERS)
  )
    throw refuse(
      'has a host name that is not valid',
      'use up to 63 of a-z, 0-9 and - for each name, - not at its ends',
    );
  requireNotOwn(host, policy, refuse);
}

/** The gate's own names stay its own, and no wildcard may take in names that other apps have, had or will have. */
function requireNotOwn(host: string, policy: ExternalUrlPolicy, refuse: Refuse): void {
  const { domain } = policy;
  if (isWildcardHost(host) && `.${domain}`.endsWith(host.slice(1)))
    throw refuse(`would take in every name under ${domain}`, `choose a deeper one such as https://*.apps.${domain}/`);
  const isOwn = host === domain || policy.reservedHosts.some((label) => host === `${label}.${domain}`);
  if (isOwn) throw refuse(`uses ${host}, which belongs to Sallyport itself`, 'choose another name or external URL');
}

function portOf(url: URL): number {
  return url.port === '' ? 443 : Number(url.port);
}

function portSuffix(policy: ExternalUrlPolicy): string {
  return policy.externalPort === 443 ? '' : `:${policy.externalPort}`;
}

function withTrailingSlash(url: URL): string {
  if (!url.pathname.endsWith('/')) url.pathname = `${url.pathname}/`;
  return url.href;
}
