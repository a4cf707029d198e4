import { SallyportError } from '#libs/errors';
import type { Actor, CommitMetadata } from './fact.ts';
import { MAX_METADATA_CHARACTERS } from './limits.ts';

/**
 * CloudEvents 1.0, binary mode: attributes travel in headers, the data is the body. One event is one commit. Values are
 * percent-encoded as the CloudEvents HTTP binding (3.1.3.2) asks, so that any text survives. See ADR 0004.
 */
export const HEADER = {
  specVersion: 'ce-specversion',
  id: 'ce-id',
  source: 'ce-source',
  type: 'ce-type',
  time: 'ce-time',
  subject: 'ce-subject',
  contentType: 'ce-datacontenttype',
  traceparent: 'ce-traceparent',
  commandId: 'sp-command-id',
  actor: 'sp-actor',
  correlationId: 'sp-correlation-id',
  causationId: 'sp-causation-id',
} as const;

export type HeaderList = readonly (readonly [name: string, value: string])[];
export type HeaderLookup = (name: string) => string | undefined;

const ACTOR_KINDS: readonly string[] = ['user', 'service', 'connector', 'local-operator', 'system'];
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$/;
const PRINTABLE = /^[\x21-\x7e]+$/;

/** The commit's unique id: a command may write to several aggregates, hence scoped by subject. Also `Nats-Msg-Id`. */
export function commitIdOf(subject: string, commandId: string): string {
  return `${subject}/${commandId}`;
}

/** `io.sallyport.app.app-published.v1` for a commit of one fact, `io.sallyport.app.commit.v1` for one of several. */
export function cloudEventTypeOf(thing: string, facts: readonly { type: string; version: number }[]): string {
  const [first] = facts;
  if (first === undefined || facts.length > 1) return `io.sallyport.${thing}.commit.v1`;
  const kebab = first.type.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase();
  return `io.sallyport.${thing}.${kebab}.v${first.version}`;
}

export type CommitAddress = { readonly subject: string; readonly tenant: string; readonly context: string };

export function encodeHeaders(address: CommitAddress, eventType: string, metadata: CommitMetadata): HeaderList {
  const list: [string, string | undefined][] = [
    [HEADER.specVersion, '1.0'],
    [HEADER.id, commitIdOf(address.subject, metadata.commandId)],
    [HEADER.source, `/sallyport/${address.tenant}/${address.context}`],
    [HEADER.type, eventType],
    [HEADER.time, metadata.at],
    [HEADER.subject, address.subject],
    [HEADER.contentType, 'application/json'],
    [HEADER.traceparent, metadata.traceparent],
    [HEADER.commandId, metadata.commandId],
    [HEADER.actor, JSON.stringify(metadata.actor)],
    [HEADER.correlationId, metadata.correlationId],
    [HEADER.causationId, metadata.causationId],
  ];
  return list.flatMap(([name, value]) => (value === undefined ? [] : [[name, encodeValue(value)] as const]));
}

/** The metadata of stored headers. @throws Error naming the header that is missing or wrong. */
export function decodeHeaders(header: HeaderLookup): CommitMetadata {
  const need = (name: string): string => {
    const value = header(name);
    if (value === undefined || value === '') throw new Error(`header ${name} is missing`);
    return decodeURIComponent(value);
  };
  const may = (name: string): string | undefined => (header(name) === undefined ? undefined : need(name));
  if (need(HEADER.specVersion) !== '1.0') throw new Error(`header ${HEADER.specVersion} is not 1.0`);
  const causationId = may(HEADER.causationId);
  const traceparent = may(HEADER.traceparent);
  const metadata: CommitMetadata = {
    commandId: need(HEADER.commandId),
    at: need(HEADER.time),
    actor: parseActor(JSON.parse(need(HEADER.actor))),
    correlationId: need(HEADER.correlationId),
    ...(causationId === undefined ? {} : { causationId }),
    ...(traceparent === undefined ? {} : { traceparent }),
  };
  const problem = metadataProblem(metadata);
  if (problem !== undefined) throw new Error(problem);
  return metadata;
}

/** @throws ERR_EVENTS_METADATA naming the field. */
export function requireMetadata(metadata: CommitMetadata): void {
  const problem = metadataProblem(metadata);
  if (problem !== undefined) throw new SallyportError('ERR_EVENTS_METADATA', `commit metadata: ${problem}`);
}

function metadataProblem(metadata: CommitMetadata): string | undefined {
  const { actor } = metadata;
  if (!PRINTABLE.test(metadata.commandId)) return 'command id is not printable ASCII without blanks';
  if (!INSTANT.test(metadata.at) || Number.isNaN(Date.parse(metadata.at))) return 'at is not an ISO-8601 UTC instant';
  if (!ACTOR_KINDS.includes(actor.kind)) return `actor kind ${JSON.stringify(actor.kind)} is unknown`;
  const texts = { actor: actor.id, 'correlation id': metadata.correlationId };
  for (const [name, value] of Object.entries(texts)) if (value === '') return `${name} is empty`;
  const all = [
    metadata.commandId,
    actor.id,
    actor.name,
    metadata.correlationId,
    metadata.causationId,
    metadata.traceparent,
  ];
  if (all.some((value) => value !== undefined && value.length > MAX_METADATA_CHARACTERS)) {
    return `a value is longer than ${MAX_METADATA_CHARACTERS} characters`;
  }
  return undefined;
}

function parseActor(value: unknown): Actor {
  const { kind, id, name } = (value ?? {}) as Record<string, unknown>;
  if (typeof kind !== 'string' || typeof id !== 'string') throw new Error(`header ${HEADER.actor} is not an actor`);
  return { kind: kind as Actor['kind'], id, ...(typeof name === 'string' ? { name } : {}) };
}

function encodeValue(value: string): string {
  const wellFormed = value.replaceAll(/\p{Surrogate}/gu, '\ufffd');
  return wellFormed.replaceAll(/[^\x21-\x7e]|[%"]/gu, (character) => encodeURIComponent(character));
}
