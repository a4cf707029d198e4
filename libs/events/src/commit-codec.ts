import { SallyportError } from '#libs/errors';
import { type AggregateRef, type AggregateType, factIdOf, subjectOf } from './aggregate-type.ts';
import {
  cloudEventTypeOf,
  decodeHeaders,
  encodeHeaders,
  type HeaderList,
  type HeaderLookup,
  requireMetadata,
} from './cloud-events.ts';
import { unreadableCommit } from './errors.ts';
import type { Commit, CommitMetadata, Fact } from './fact.ts';
import { MAX_COMMIT_BYTES, MAX_FACTS_PER_COMMIT } from './limits.ts';
import { parseFactSubject } from './subjects.ts';
import { describedFact, issuePath, readFact, type StoredFact } from './upcast.ts';

export type EncodedCommit = { readonly subject: string; readonly headers: HeaderList; readonly data: Uint8Array };

/** A commit as it lies in a store. */
export type StoredCommit = {
  readonly subject: string;
  readonly position: number;
  readonly header: HeaderLookup;
  readonly data: Uint8Array;
};

/** Finds the description of a kind of aggregate. */
export type TypeLookup = (context: string, thing: string) => AggregateType | undefined;

export function typeLookup(types: readonly AggregateType[]): TypeLookup {
  const byName = new Map(types.map((type) => [`${type.context}.${type.thing}`, type]));
  return (context, thing) => byName.get(`${context}.${thing}`);
}

/** Checks everything a caller gives and makes the one message of a commit. */
export function encodeCommit<F extends Fact>(
  ref: AggregateRef<F>,
  facts: readonly F[],
  metadata: CommitMetadata,
): EncodedCommit {
  const subject = subjectOf(ref);
  requireMetadata(metadata);
  requireFactCount(subject, facts.length);
  const stored = facts.map((fact, index) => storedFact(ref.type, fact, factIdOf(metadata.commandId, index)));
  const data = new TextEncoder().encode(JSON.stringify({ facts: stored }));
  if (data.byteLength > MAX_COMMIT_BYTES)
    throw tooLarge(subject, `${data.byteLength} bytes`, `${MAX_COMMIT_BYTES} bytes`);
  const address = { subject, tenant: ref.tenant, context: ref.type.context };
  return { subject, data, headers: encodeHeaders(address, cloudEventTypeOf(ref.type.thing, stored), metadata) };
}

/** @throws ERR_EVENTS_UNREADABLE naming subject and position, whatever is wrong with the stored bytes. */
export function decodeCommit(lookup: TypeLookup, stored: StoredCommit): Commit {
  const { subject, position } = stored;
  const address = parseFactSubject(subject);
  if (address === undefined) throw unreadableCommit(subject, position, 'the subject is not one of a fact');
  const { tenant, context, thing, id } = address;
  const type = lookup(context, thing);
  if (type === undefined)
    throw unreadableCommit(subject, position, `${context}.${thing} is no known kind of aggregate`);
  try {
    const facts = parseData(stored.data).map((fact) => readFact(type, fact));
    return { subject, tenant, context, thing, id, position, facts, metadata: decodeHeaders(stored.header) };
  } catch (error) {
    throw unreadableCommit(subject, position, error instanceof Error ? error.message : 'unknown', error);
  }
}

/** The same for a commit whose kind is at hand. */
export function decodeCommitOf<F extends Fact>(type: AggregateType<F>, stored: StoredCommit): Commit<F> {
  const commit = decodeCommit(() => type, stored);
  // Every fact was parsed by a schema of `type`, whose keys are exactly the types of F.
  return commit as Commit<F>;
}

function requireFactCount(subject: string, count: number): void {
  if (count === 0) throw new SallyportError('ERR_EVENTS_COMMIT_EMPTY', `commit to ${subject} holds no fact`);
  if (count > MAX_FACTS_PER_COMMIT) throw tooLarge(subject, `${count} facts`, `${MAX_FACTS_PER_COMMIT} facts`);
}

function tooLarge(subject: string, actual: string, limit: string): SallyportError {
  return new SallyportError(
    'ERR_EVENTS_COMMIT_TOO_LARGE',
    `commit to ${subject} has ${actual}, the limit is ${limit}`,
    {
      details: { subject, actual, limit },
    },
  );
}

/** What is stored is what the schema returned: unknown fields do not reach the disk. */
function storedFact(type: AggregateType, fact: Fact, id: string): StoredFact {
  const known = describedFact(type.facts, fact.type);
  const where = `${type.context}.${type.thing}`;
  if (known === undefined) {
    throw new SallyportError('ERR_EVENTS_SCHEMA', `fact ${fact.type} is unknown to ${where}`, {
      details: { type: fact.type, path: '(root)' },
    });
  }
  const result = known.schema.safeParse(fact.data);
  if (result.success) return { id, type: fact.type, version: known.version, data: result.data };
  const path = issuePath(result.error.issues);
  throw new SallyportError('ERR_EVENTS_SCHEMA', `fact ${fact.type} of ${where} does not fit its schema at ${path}`, {
    details: { type: fact.type, path },
  });
}

function parseData(data: Uint8Array): StoredFact[] {
  const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data));
  const facts: unknown = (value as { facts?: unknown } | null)?.facts;
  if (!Array.isArray(facts) || facts.length === 0) throw new Error('data holds no list of facts');
  return facts.map((fact: unknown) => {
    const { id, type, version, data: factData } = (fact ?? {}) as Record<string, unknown>;
    if (typeof id !== 'string' || typeof type !== 'string' || !Number.isSafeInteger(version)) {
      throw new Error('a fact lacks id, type or version');
    }
    return { id, type, version: Number(version), data: factData };
  });
}
