import type { ZodType } from 'zod';
import { SallyportError } from '#libs/errors';
import type { Commit, Fact, RecordedFact } from './fact.ts';
import { MAX_SUBJECT_TOKEN_CHARACTERS } from './limits.ts';
import { factSubject } from './subjects.ts';

/** Turns one stored fact of an older version into today's type and data. Pure; called only for older versions. */
export type Upcast = (type: string, version: number, data: unknown) => { type: string; data: unknown };

/** The published description of one kind of aggregate; defined in libs/contracts. */
export type AggregateType<F extends Fact = Fact> = {
  /** Owner, as in the subject: `routing`. */
  readonly context: string;
  /** Noun, as in the subject: `app`. */
  readonly thing: string;
  /** Every fact with its current schema version (1, 2, ...) and the schema of its data. */
  readonly facts: { readonly [K in F['type']]: { readonly version: number; readonly schema: ZodType } };
  readonly upcast?: Upcast;
};

/** One aggregate: which kind, of which tenant, which id. */
export type AggregateRef<F extends Fact = Fact> = {
  readonly tenant: string;
  readonly type: AggregateType<F>;
  readonly id: string;
};

const TOKEN = /^[a-z0-9_-]+$/;

/** Whether a text may stand as one token of a subject: `[a-z0-9_-]`, 1 to 128 characters (NATS ADR-6). */
export function isSubjectToken(value: string): boolean {
  return value.length <= MAX_SUBJECT_TOKEN_CHARACTERS && TOKEN.test(value);
}

/**
 * The literal subject of an aggregate: `evt.<tenant>.<context>.<thing>.<id>`.
 * @throws ERR_EVENTS_SUBJECT when a part is not a subject token.
 */
export function subjectOf(ref: AggregateRef<never> | AggregateRef): string {
  const parts = { tenant: ref.tenant, context: ref.type.context, thing: ref.type.thing, id: ref.id };
  for (const [name, value] of Object.entries(parts)) requireSubjectToken(name, value);
  return factSubject(parts);
}

export function requireSubjectToken(name: string, value: string): void {
  if (isSubjectToken(value)) return;
  const shown = JSON.stringify(value.slice(0, MAX_SUBJECT_TOKEN_CHARACTERS));
  throw new SallyportError('ERR_EVENTS_SUBJECT', `${name} ${shown} cannot stand in a subject, expected [a-z0-9_-]`, {
    expose: true,
    details: { part: name, maxCharacters: MAX_SUBJECT_TOKEN_CHARACTERS },
  });
}

/** Whether a commit belongs to a kind of aggregate; narrows its facts. */
export function isCommitOf<F extends Fact>(type: AggregateType<F>, commit: Commit): commit is Commit<F> {
  return commit.context === type.context && commit.thing === type.thing;
}

/** The commit's facts when it belongs to this kind of aggregate, else none. */
export function factsOf<F extends Fact>(type: AggregateType<F>, commit: Commit): readonly F[] {
  return isCommitOf(type, commit) ? commit.facts : [];
}

/** The commit's facts with their ids and schema versions. */
export function recordedFactsOf<F extends Fact>(type: AggregateType<F>, commit: Commit): readonly RecordedFact<F>[] {
  return factsOf(type, commit).map((fact, index) => {
    const factType: F['type'] = fact.type;
    return { ...fact, factId: factIdOf(commit.metadata.commandId, index), version: type.facts[factType].version };
  });
}

export function factIdOf(commandId: string, index: number): string {
  return `${commandId}.${index}`;
}
