import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { AggregateType, Fact } from '#libs/events';
import { riskLevel } from './policy-set.facts.ts';

const person = z.object({
  subject: z.string().min(1).max(128),
  directoryTenant: z.string().max(128),
});
const detail = z.string().max(400);
const named = person.extend({ detail });

/**
 * What is known of a person beyond one session. Every fact names the person, because the aggregate's id does not show it. Risk levels
 * come from whoever detects them; `none` is an answer, no fact is none.
 */
export type UserFact =
  | Fact<'UserDisabled', z.infer<typeof named>>
  | Fact<'UserEnabled', z.infer<typeof named>>
  | Fact<'UserRiskChanged', z.infer<typeof named> & { readonly level: z.infer<typeof riskLevel> }>
  /** Sessions and access tokens from before `before` count no more. */
  | Fact<'UserSignedOutEverywhere', z.infer<typeof named> & { readonly before: string }>;

export const userAggregate: AggregateType<UserFact> = {
  context: 'auth',
  thing: 'user',
  facts: {
    UserDisabled: { version: 1, schema: named },
    UserEnabled: { version: 1, schema: named },
    UserRiskChanged: { version: 1, schema: named.extend({ level: riskLevel }) },
    UserSignedOutEverywhere: { version: 1, schema: named.extend({ before: z.iso.datetime() }) },
  },
};

export type UserState = {
  readonly status: 'enabled' | 'disabled';
  /** Null: nobody has judged it. */
  readonly risk: z.infer<typeof riskLevel> | null;
  /** ISO-8601 UTC; null: never. */
  readonly signedOutBefore: string | null;
};

export const initialUserState: UserState = { status: 'enabled', risk: null, signedOutBefore: null };

export function evolveUser(state: UserState, fact: UserFact): UserState {
  switch (fact.type) {
    case 'UserDisabled':
      return { ...state, status: 'disabled' };
    case 'UserEnabled':
      return { ...state, status: 'enabled' };
    case 'UserRiskChanged':
      return { ...state, risk: fact.data.level };
    case 'UserSignedOutEverywhere':
      return { ...state, signedOutBefore: fact.data.before };
    default:
      return fact satisfies never;
  }
}

/** `usr_` and 24 characters of SHA-256 of directory and subject: the same wherever it is made, and no subject of NATS is broken by an id. */
export function userIdOf({
  directoryTenant,
  subject,
}: {
  readonly directoryTenant: string;
  readonly subject: string;
}): string {
  const digest = createHash('sha256').update(`sallyport user\0${directoryTenant}\0${subject}`).digest('hex');
  return `usr_${digest.slice(0, 24)}`;
}
