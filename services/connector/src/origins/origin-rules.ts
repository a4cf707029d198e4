import type { FieldList } from '#libs/tunnel-protocol';
import type { OriginTarget } from './origin-target.ts';

/** A `.` or `..` segment, plain, percent-encoded, or behind a backslash, which some origins read as a slash. */
const DOT_SEGMENT = /(?:^|[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?:[/\\;]|%2f|%5c|$)/i;

/**
 * Path and query at the origin: what follows the external path, put behind the internal path. Undefined when the target
 * is no path of this app, or when an app that is published below a path could be left through a dot segment.
 */
export function originPath(target: OriginTarget, requested: string): string | undefined {
  if (!requested.startsWith('/')) return undefined;
  const relative = relativePath(target.externalPath, requested);
  if (relative === undefined) return undefined;
  if (target.basePath === '/') return `/${relative}`;
  const query = relative.search(/[?#]/);
  const path = query === -1 ? relative : relative.slice(0, query);
  return DOT_SEGMENT.test(path) ? undefined : `${target.basePath}${relative}`;
}

function relativePath(externalPath: string, requested: string): string | undefined {
  if (requested.startsWith(externalPath)) return requested.slice(externalPath.length);
  const bare = externalPath.slice(0, -1);
  if (requested === bare) return '';
  return requested.startsWith(`${bare}?`) ? requested.slice(bare.length) : undefined;
}

/** What a peer may not take out of a message by naming it in `Connection`: its framing, its caller's identity. */
const PROTECTED_NAMES = ['content-length', 'content-type', 'host', 'set-cookie', 'authorization', 'cookie'];

/** Names and options the value of a `Connection` field lists, lower case, added to `known`. */
export function connectionNames(value: string, known: Set<string> = new Set()): Set<string> {
  for (const option of value.split(',')) known.add(option.trim().toLowerCase());
  for (const name of PROTECTED_NAMES) known.delete(name);
  return known;
}

/** First value of a field, by lower-case name. */
export function fieldValue(fields: FieldList, name: string): string | undefined {
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const candidate = fields[i] ?? '';
    if (candidate.length === name.length && candidate.toLowerCase() === name) return fields[i + 1];
  }
  return undefined;
}
