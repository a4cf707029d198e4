import { SallyportError } from '#libs/errors';
import { MAX_ID_LENGTH } from './limits.ts';

/** The place of the connector in the reply subject of a head: only the server itself answers there (503). */
export const NO_CONNECTOR = 'none';

const ID = /^[a-z0-9_-]+$/;

export function isSubjectId(value: string): boolean {
  return value.length <= MAX_ID_LENGTH && ID.test(value);
}

/** Fails with ERR_TUNNEL_ID when the value cannot stand as one token of a subject. */
export function requireSubjectId(kind: string, value: string): string {
  if (isSubjectId(value)) return value;
  throw new SallyportError('ERR_TUNNEL_ID', `${kind} must be 1 to ${MAX_ID_LENGTH} characters of [a-z0-9_-]`, {
    details: { kind },
  });
}

/** Heads, to the queue group of a connector group. */
export function headSubject(group: string): string {
  return `tun.g.${group}.req`;
}

/** Last token of the subjects that carry bundles. */
export const BUNDLES = 'b';

/** Ingress to connector. `last` is BUNDLES for the tunnel itself. */
export function downSubject(connectorId: string, ingressId: string, last: string): string {
  return `tun.c.${connectorId}.${ingressId}.${last}`;
}

/** Connector to ingress; the connector's own id stands in every subject it may publish to. */
export function upSubject(ingressId: string, connectorId: string, last: string): string {
  return `tun.i.${ingressId}.${connectorId}.${last}`;
}

export function downWildcard(connectorId: string): string {
  return `tun.c.${connectorId}.>`;
}

export function upWildcard(ingressId: string): string {
  return `tun.i.${ingressId}.>`;
}

const HEARTBEAT_PREFIX = 'prs.c.';

export function heartbeatSubject(connectorId: string): string {
  return HEARTBEAT_PREFIX + connectorId;
}

/** The connector id of a heartbeat's subject, or undefined. */
export function heartbeatConnectorId(subject: string): string | undefined {
  const id = subject.slice(HEARTBEAT_PREFIX.length);
  return subject.startsWith(HEARTBEAT_PREFIX) && isSubjectId(id) ? id : undefined;
}

/** All heartbeats of the account. */
export const HEARTBEAT_WILDCARD = 'prs.c.*';

/** The peer and the last token of a tunnel subject, or undefined when it has not exactly two tokens after the prefix. */
export function parsePeer(subject: string, prefixLength: number): { peerId: string; last: string } | undefined {
  const dot = subject.indexOf('.', prefixLength);
  if (dot <= prefixLength || subject.indexOf('.', dot + 1) !== -1) return undefined;
  return { peerId: subject.slice(prefixLength, dot), last: subject.slice(dot + 1) };
}

/** Every subject of the tunnel, checked against broker/SUBJECTS.md. */
export const TUNNEL_SUBJECT_PATTERNS: readonly string[] = [
  'tun.g.*.req',
  'tun.c.*.*.*',
  'tun.i.*.*.*',
  HEARTBEAT_WILDCARD,
];
