import {
  type AppFact,
  type AppState,
  appAggregate,
  evolveApp,
  evolveServiceToken,
  evolveUser,
  initialAppState,
  initialServiceTokenState,
  initialUserState,
  type ServiceTokenFact,
  type ServiceTokenState,
  serviceTokenAggregate,
  type UserFact,
  type UserState,
  userAggregate,
} from '#libs/contracts';
import { LiveTable } from './live-table.ts';

/** Apps, people of whom something is recorded, and service tokens kept in memory; at the bound the oldest go, as sessions do. */
export const MAX_LIVE_APPS = 20_000;
export const MAX_LIVE_USERS = 100_000;
export const MAX_LIVE_SERVICE_TOKENS = 20_000;

export type Person = Pick<UserFact['data'], 'directoryTenant' | 'subject'>;
/** `person` null: nothing is recorded. */
export type KnownUser = UserState & { readonly person: Person | null };

export const liveApps = () =>
  new LiveTable<AppFact, AppState>({
    type: appAggregate,
    evolve: evolveApp,
    initial: initialAppState,
    max: MAX_LIVE_APPS,
    isInitialTrusted: false,
  });

export const liveUsers = () =>
  new LiveTable<UserFact, KnownUser>({
    type: userAggregate,
    evolve: (state, fact) => ({
      ...evolveUser(state, fact),
      person: { directoryTenant: fact.data.directoryTenant, subject: fact.data.subject },
    }),
    initial: { ...initialUserState, person: null },
    max: MAX_LIVE_USERS,
    isInitialTrusted: true,
  });

export const liveServiceTokens = () =>
  new LiveTable<ServiceTokenFact, ServiceTokenState>({
    type: serviceTokenAggregate,
    evolve: evolveServiceToken,
    initial: initialServiceTokenState,
    max: MAX_LIVE_SERVICE_TOKENS,
    isInitialTrusted: true,
  });
