import { z } from 'zod';
import type { AggregateType, Fact } from '#libs/events';

/** Apps one service token may open. */
export const MAX_APPS_PER_SERVICE_TOKEN = 50;
export const MAX_SERVICE_TOKEN_DAYS = 366;
/**
 * Secrets of one token that may count at once: one in use whose successor was made and never arrived is not lost when another one is
 * asked for. The one before those counts no more.
 */
const MAX_SECRETS = 3;
/** What a service token begins with, so that it is known for one wherever it turns up; its id and its secret follow. */
export const SERVICE_TOKEN_PREFIX = 'sallyport_';

const secret = z.object({
  /** SHA-256 of the secret, base64url; the secret itself is shown once. It has 160 random bits: no slow hash is needed. */
  secretHash: z.string().regex(/^[\w-]{43}$/),
  expiresAt: z.iso.datetime(),
});
const issued = secret.extend({
  name: z.string().min(1).max(120),
  appIds: z.array(z.string().max(64)).min(1).max(MAX_APPS_PER_SERVICE_TOKEN),
});
/** Those before stay good until `previousUntil`, or until their own end if that is earlier, so that its users can be changed one by one. */
const rotated = secret.extend({ previousUntil: z.iso.datetime() });

/** A key of a program that has no identity of its own at the identity provider, good for named apps until a named day. */
export type ServiceTokenFact =
  | Fact<'ServiceTokenIssued', z.infer<typeof issued>>
  | Fact<'ServiceTokenRotated', z.infer<typeof rotated>>
  | Fact<'ServiceTokenAppsChanged', Pick<z.infer<typeof issued>, 'appIds'>>
  | Fact<'ServiceTokenRevoked', { readonly reason: string }>;

export const serviceTokenAggregate: AggregateType<ServiceTokenFact> = {
  context: 'auth',
  thing: 'service-token',
  facts: {
    ServiceTokenIssued: { version: 1, schema: issued },
    ServiceTokenRotated: { version: 1, schema: rotated },
    ServiceTokenAppsChanged: { version: 1, schema: issued.pick({ appIds: true }) },
    ServiceTokenRevoked: { version: 1, schema: z.object({ reason: z.string().max(400) }) },
  },
};

type Secret = z.infer<typeof secret>;
type Issued = Omit<z.infer<typeof issued>, 'secretHash'> & {
  /** The newest first, at most MAX_SECRETS; none outlives the one after it. */
  readonly secrets: readonly Secret[];
};

export type ServiceTokenState =
  | { readonly status: 'absent' }
  | ({ readonly status: 'active' } & Issued)
  | ({ readonly status: 'revoked' } & Issued);

export const initialServiceTokenState: ServiceTokenState = { status: 'absent' };

export function evolveServiceToken(state: ServiceTokenState, fact: ServiceTokenFact): ServiceTokenState {
  if (fact.type === 'ServiceTokenIssued') {
    const { secretHash, expiresAt, ...rest } = fact.data;
    return { status: 'active', ...rest, expiresAt, secrets: [{ secretHash, expiresAt }] };
  }
  if (state.status === 'absent') return state;
  switch (fact.type) {
    case 'ServiceTokenRotated': {
      const { secretHash, expiresAt, previousUntil } = fact.data;
      const end = earlier(previousUntil, expiresAt);
      const kept = state.secrets
        .slice(0, MAX_SECRETS - 1)
        .map((before) => ({ ...before, expiresAt: earlier(before.expiresAt, end) }));
      return { ...state, expiresAt, secrets: [{ secretHash, expiresAt }, ...kept] };
    }
    case 'ServiceTokenAppsChanged':
      return { ...state, appIds: fact.data.appIds };
    case 'ServiceTokenRevoked':
      return { ...state, status: 'revoked' };
    default:
      return fact satisfies never;
  }
}

function earlier(one: string, other: string): string {
  return Date.parse(one) <= Date.parse(other) ? one : other;
}
