import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The archive keys every Debian machine carries (package debian-archive-keyring). */
export const DEBIAN_KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** How many mirrors are tried at most. */
export const MAX_MIRRORS = 3;

/**
 * @typedef {object} AptSource
 * @property {readonly string[]} uris
 * @property {readonly string[]} suites
 * @property {readonly string[]} components
 * @property {string | undefined} signedBy a keyring's path; undefined for none, for a fingerprint or an inline key
 */

/**
 * @param {string} text a `.sources` file, deb822 format of sources.list(5)
 * @returns {AptSource[]} enabled binary sources
 */
export function parseDeb822Sources(text) {
  const withoutComments = text.replace(/^#.*\n?/gm, '');
  return withoutComments.split(/\n[ \t]*\n/).flatMap((stanza) => {
    const fields = parseFields(stanza);
    const words = (/** @type {string} */ name) => (fields.get(name) ?? '').split(/\s+/).filter((word) => word !== '');
    if (!words('types').includes('deb')) return [];
    if (/^(no|false|0|off|without|disable)$/i.test(fields.get('enabled') ?? 'yes')) return [];
    const source = { uris: words('uris'), suites: words('suites'), components: words('components') };
    return source.uris.length === 0 ? [] : [{ ...source, signedBy: keyringPath(fields.get('signed-by')) }];
  });
}

/**
 * @param {string} text a `.list` file, one-line format of sources.list(5)
 * @returns {AptSource[]} binary sources
 */
export function parseOneLineSources(text) {
  return text.split('\n').flatMap((rawLine) => {
    const line = rawLine.replace(/#.*$/, '').trim();
    const match = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*(.*)$/.exec(line);
    if (match === null) return [];
    const [, options = '', uri = '', suite = '', rest = ''] = match;
    const signedBy = /(?:^|\s)signed-by=(\S+)/i.exec(options)?.[1];
    const components = rest.split(/\s+/).filter((word) => word !== '');
    return [{ uris: [uri], suites: [suite], components, signedBy: keyringPath(signedBy) }];
  });
}

/**
 * @param {string} [folder]
 * @returns {AptSource[]} everything this machine's apt is configured to read
 */
export function readAptSources(folder = '/etc/apt') {
  const parts = join(folder, 'sources.list.d');
  const files = listFiles(parts)
    .sort()
    .map((name) => join(parts, name));
  return [...files, join(folder, 'sources.list')].flatMap((path) => {
    if (path.endsWith('.sources')) return parseDeb822Sources(readText(path));
    return path.endsWith('.list') ? parseOneLineSources(readText(path)) : [];
  });
}

/**
 * The mirrors of Debian itself among the sources. Other vendors also publish a component "main" for Debian's suites, so
 * a source signed by Debian's own keyring comes first, then one whose address ends in /debian. A wrong guess does no
 * harm: what it serves must still be signed with Debian's archive keys.
 * @param {readonly AptSource[]} sources
 * @param {string} codename of the running system, for example `bookworm`
 * @returns {{ uri: string, keyring: string }[]} at most three, best first
 */
export function debianMirrors(sources, codename) {
  const suites = new Set([codename, 'stable', 'testing', 'unstable', 'sid'].filter((suite) => suite !== ''));
  const candidates = sources
    .filter((source) => source.components.includes('main') && source.suites.some((suite) => suites.has(suite)))
    .flatMap((source) => source.uris.map((uri) => ({ uri, isDebianSigned: isDebianKeyring(source.signedBy), source })))
    .filter(({ uri }) => /^(https?|mirror\+(file|https?)):/.test(uri))
    .map(({ uri, isDebianSigned, source: { signedBy } }) => ({
      uri,
      keyring: isDebianSigned && signedBy !== undefined ? signedBy : DEBIAN_KEYRING,
      rank: (isDebianSigned ? 0 : 2) + (/\/debian\/?$/.test(uri) ? 0 : 1),
    }))
    .sort((a, b) => a.rank - b.rank);
  const distinct = candidates.filter((one, index) => candidates.findIndex(({ uri }) => uri === one.uri) === index);
  return distinct.slice(0, MAX_MIRRORS).map(({ uri, keyring }) => ({ uri, keyring }));
}

/** @param {string | undefined} path */
function isDebianKeyring(path) {
  return path?.includes('debian-archive') ?? false;
}

/**
 * @param {string} stanza
 * @returns {Map<string, string>} lower-case field names, continuation lines joined
 */
function parseFields(stanza) {
  const fields = new Map();
  for (const [, name = '', value = ''] of stanza.matchAll(/^([A-Za-z-]+):[ \t]*(.*(?:\n[ \t].*)*)/gm)) {
    fields.set(name.toLowerCase(), value.trim());
  }
  return fields;
}

/** @param {string | undefined} value */
function keyringPath(value) {
  return value?.startsWith('/') && !/\s/.test(value) ? value : undefined;
}

/** @param {string} folder */
function listFiles(folder) {
  try {
    return readdirSync(folder);
  } catch {
    // A machine without this folder has its sources in the other one, or none: the caller reports "no mirror".
    return [];
  }
}

/** @param {string} path */
function readText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Unreadable to this user, or absent: as above.
    return '';
  }
}
