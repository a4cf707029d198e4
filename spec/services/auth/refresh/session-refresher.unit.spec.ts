// long because the instance of auth that every case needs is made here
import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { after, beforeEach, describe, it } from 'mocha';
import { newId, type Principal, type UserSessionState } from '#libs/contracts';
import { isSallyportError } from '#libs/errors';
import { type EventStore, InMemoryEventStore } from '#libs/events';
import { createLogger } from '#libs/telemetry';
import { IdentityProviderError } from '../../../../services/auth/src/errors.ts';
import type { IdentityProvider, Refreshed } from '../../../../services/auth/src/identity-provider/identity-provider.ts';
import {
  type ConfiguredProvider,
  IdentityProviders,
} from '../../../../services/auth/src/identity-provider/providers.ts';
import { UnconfirmedRefreshError } from '../../../../services/auth/src/identity-provider/unconfirmed-refresh.ts';
import { AUTH_AGGREGATES } from '../../../../services/auth/src/ports.ts';
import { typeSealer } from '../../../../services/auth/src/preauth/sealed-values.ts';
import { LEASE_MS } from '../../../../services/auth/src/refresh/attempt-refresh.ts';
import { dueOf } from '../../../../services/auth/src/refresh/due.ts';
import { MAX_FAILURES_IN_A_ROW, PROVIDER_PAUSE_MS } from '../../../../services/auth/src/refresh/provider-pauses.ts';
import {
  MAX_REFRESHES_AT_ONCE,
  MAX_WAIT_MS,
  SESSION_PAUSE_MS,
  SessionRefresher,
} from '../../../../services/auth/src/refresh/session-refresher.ts';
import { createNodeCryptoSealer } from '../../../../services/auth/src/sealing/node-crypto-sealer.ts';
import { LiveState } from '../../../../services/auth/src/user-session/live-state.ts';
import { createUserSessions } from '../../../../services/auth/src/user-session/user-sessions.ts';
import { until } from '../../../support/until.ts';

const TENANT = 'default';
const ISSUER = 'https://idp.example/v2.0';
const START_MS = Date.parse('2026-11-22T10:00:00.000Z');
const MINUTE_MS = 60_000;
const PACE = { refreshMinutes: 15, graceMinutes: 60 };
const bob: Principal = {
  subject: 'bob',
  directoryTenant: 't',
  username: 'bob@example.test',
  name: 'Bob',
  email: null,
  groups: ['g1'],
  roles: [],
  directoryRoles: [],
};

type Asked = {
  readonly token: string;
  readonly signal: AbortSignal;
  readonly answer: (outcome: Refreshed | Error) => void;
};

describe('a session refresher', () => {
  let nowMs = START_MS;
  const clock = () => nowMs;
  const log: string[] = [];
  const logger = createLogger({ service: 'auth', write: (line) => log.push(line) });
  const stops: (() => Promise<void>)[] = [];
  let store: EventStore;
  /** Writes that fail, the next ones first. */
  let failing: number;
  /** How long it takes to write a lease. */
  let leaseTakesMs: number;
  let asked: Asked[];
  /** In place of waiting for the spec to answer. */
  let answer: Refreshed | Error | null;
  const k = randomBytes(32).toString('base64url');
  const key = { kty: 'oct', kid: 'k1', alg: 'A256GCM', use: 'enc', k, createdAt: '2026-11-22T10:00:00.000Z' } as const;
  const sealer = typeSealer(createNodeCryptoSealer([key], clock));

  beforeEach(() => {
    nowMs = START_MS;
    failing = 0;
    leaseTakesMs = 0;
    asked = [];
    answer = null;
    log.length = 0;
    const inner = new InMemoryEventStore({ types: AUTH_AGGREGATES });
    store = {
      load: (ref) => inner.load(ref),
      append: async (...given) => {
        if (failing > 0) {
          failing -= 1;
          throw new Error('the event store does not answer');
        }
        const outcome = await inner.append(...given);
        if (given[2].some(({ type }) => type === 'SessionRefreshStarted')) nowMs += leaseTakesMs;
        return outcome;
      },
      read: (options) => inner.read(options),
      follow: (options) => inner.follow(options),
      head: () => inner.head(),
    };
  });
  after(() => Promise.all(stops.map((stop) => stop())));

  const port = {
    refresh: (token, _person, signal) =>
      new Promise<Refreshed>((resolve, reject) => {
        const settle = (outcome: Refreshed | Error) => (outcome instanceof Error ? reject(outcome) : resolve(outcome));
        asked.push({ token, signal, answer: settle });
        if (answer !== null) settle(answer);
      }),
  } satisfies Pick<IdentityProvider, 'refresh'>;
  const provider = (issuer = ISSUER) => new IdentityProviders({ issuer, port } as unknown as ConfiguredProvider);

  /** One instance of auth, as far as sessions go. */
  const instance = async (providers = provider()) => {
    const live = await LiveState.start({ store, tenant: TENANT, logger, nowMs: clock, onRevocation: () => undefined });
    stops.push(() => live.stop());
    const userSessions = createUserSessions({ store, tenant: TENANT, live, nowMs: clock });
    const refresher = new SessionRefresher({ ...PACE, live, userSessions, providers, sealer, logger, nowMs: clock });
    const stateOf = async (id: string) => {
      const { state } = await live.session(id);
      if (state.status === 'absent') throw new Error(`no session ${id}`);
      return state;
    };
    const refresh = async (id: string) => refresher.refreshSession(id, await stateOf(id));
    return { live, userSessions, refresher, stateOf, refresh };
  };
  type Instance = Awaited<ReturnType<typeof instance>>;
  const startSession = async ({ userSessions }: Instance, sealed?: string | null): Promise<string> => {
    const id = newId('ses');
    const refreshToken = sealed === undefined ? await sealer.seal('refresh-token', { token: 'first' }, 28_800) : sealed;
    const start = {
      type: 'StartSession' as const,
      principal: bob,
      identityProvider: ISSUER,
      authenticationContexts: [],
      authenticatedAt: new Date(START_MS - 600 * MINUTE_MS).toISOString(),
      startedAt: new Date(START_MS).toISOString(),
      expiresAt: new Date(START_MS + 480 * MINUTE_MS).toISOString(),
      address: '192.0.2.7',
      userAgent: 'spec',
      ...(refreshToken === null ? {} : { refreshToken }),
    };
    await userSessions(id, start, { actor: { kind: 'service', id: 'spec' }, correlationId: 'spec' });
    return id;
  };
  const pass = (minutes: number) => {
    nowMs += minutes * MINUTE_MS;
  };
  const tokenOf = async (state: UserSessionState) =>
    state.status === 'absent' ? null : ((await sealer.open('refresh-token', state.refreshToken))?.token ?? null);
  const failure = (reason: ConstructorParameters<typeof IdentityProviderError>[0]) =>
    new IdentityProviderError(reason, 'As the spec says.');

  it('asks the provider when the time has come since the session began, not since the person signed in', async () => {
    const one = await instance();
    const id = await startSession(one);
    answer = { principal: null, refreshToken: 'second' };
    pass(14.9);
    await one.refresh(id);
    expect(asked).to.have.length(0);
    pass(0.2);
    await one.refresh(id);
    expect(asked.map(({ token }) => token)).to.deep.equal(['first']);
    expect(await tokenOf(await one.stateOf(id))).to.equal('second');
    pass(14);
    await one.refresh(id);
    expect(asked).to.have.length(1);
  });

  it('never asks for a session without a refresh token', async () => {
    const one = await instance();
    const id = await startSession(one, null);
    pass(400);
    await one.refresh(id);
    expect(asked).to.have.length(0);
    expect((await one.stateOf(id)).status).to.equal('active');
  });

  it('keeps the token of a provider that gives no other', async () => {
    const one = await instance();
    const id = await startSession(one);
    answer = { principal: { ...bob, roles: ['Reader'] }, deviceStates: ['compliant'], refreshToken: null };
    pass(16);
    await one.refresh(id);
    const state = await one.stateOf(id);
    expect(await tokenOf(state)).to.equal('first');
    expect(state).to.deep.include({ deviceStates: ['compliant'] });
    expect(state.principal.roles).to.deep.equal(['Reader']);
  });

  it('ends the session when whoever used a token died before the next one was recorded', async () => {
    const [dying, next] = [await instance(), await instance()];
    const id = await startSession(dying);
    pass(16);
    const lost = dying.refresh(id);
    await until(() => asked.length === 1);
    // The provider has given the next token; what would record it is gone. Until the lease is over nobody tries.
    await until(async () => 'refreshLease' in (await next.stateOf(id)));
    nowMs += LEASE_MS - 1;
    await next.refresh(id);
    expect(asked).to.have.length(1);
    nowMs += 2;
    answer = failure('refresh-refused');
    await next.refresh(id);
    expect(asked.map(({ token }) => token)).to.deep.equal(['first', 'first']);
    expect(await next.stateOf(id)).to.include({ status: 'ended', reason: 'refresh-refused' });
    // Should it not have died but only slept, what it brings counts no more.
    asked[0]?.answer({ principal: null, refreshToken: 'second' });
    await lost;
    expect((await next.stateOf(id)).status).to.equal('ended');
  });

  it('records the next token though the event store fails at first', async () => {
    const one = await instance();
    const id = await startSession(one);
    pass(16);
    const flight = one.refresh(id);
    await until(() => asked.length === 1);
    failing = 2;
    asked[0]?.answer({ principal: null, refreshToken: 'second' });
    await flight;
    await until(async () => (await tokenOf(await one.stateOf(id))) === 'second');
  });

  it('goes on when the event store takes no lease, and asks nobody', async () => {
    const one = await instance();
    const id = await startSession(one);
    pass(16);
    failing = 1;
    await one.refresh(id);
    expect(asked).to.have.length(0);
    expect(log.join('\n')).to.include('session could not be refreshed');
    answer = { principal: null, refreshToken: 'second' };
    await one.refresh(id);
    expect(asked, 'not before a pause').to.have.length(0);
    nowMs += SESSION_PAUSE_MS;
    await one.refresh(id);
    expect(asked).to.have.length(1);
  });

  it('lets nobody pass by a session that cannot even be ended when it has gone unconfirmed for too long', async () => {
    const one = await instance();
    const id = await startSession(one);
    answer = failure('identity-provider-unreachable');
    pass(76);
    failing = 2;
    const codeOf = (error: unknown) => (isSallyportError(error) ? error.code : String(error));
    const refused = () => one.refresh(id).then(() => 'passed', codeOf);
    expect(await refused()).to.equal('ERR_SESSION_UNCONFIRMED');
    expect(await refused(), 'nor while it is paused').to.equal('ERR_SESSION_UNCONFIRMED');
    nowMs += PROVIDER_PAUSE_MS;
    expect(await refused()).to.equal('ERR_SESSION_UNCONFIRMED');
    expect(asked).to.have.length(0);
    nowMs += PROVIDER_PAUSE_MS;
    expect(await refused(), 'the failure is recorded').to.equal('passed');
    expect(asked).to.have.length(1);
    nowMs += PROVIDER_PAUSE_MS;
    answer = { principal: null, refreshToken: 'second' };
    expect(await refused()).to.equal('passed');
    expect((await one.stateOf(id)).refreshedAt).to.be.a('string');
  });

  it('leaves a provider alone for a while that it cannot reach, whatever the session', async () => {
    const one = await instance();
    const [first, second] = [await startSession(one), await startSession(one)];
    pass(16);
    answer = failure('identity-provider-unreachable');
    await one.refresh(first);
    await one.refresh(second);
    expect(asked).to.have.length(1);
    nowMs += PROVIDER_PAUSE_MS;
    answer = { principal: null, refreshToken: 'second' };
    await one.refresh(second);
    await one.refresh(first);
    expect(asked).to.have.length(3);
    expect((await one.stateOf(second)).refreshedAt).to.be.a('string');
  });

  for (const reason of ['identity-provider-refused', 'identity-provider-answer-invalid'] as const)
    it(`lets one session with ${reason} stand in no way of the others, until several meet it`, async () => {
      const one = await instance();
      const odd = await startSession(one);
      const others = await Promise.all(Array.from({ length: MAX_FAILURES_IN_A_ROW + 1 }, () => startSession(one)));
      pass(16);
      answer = failure(reason);
      await one.refresh(odd);
      answer = { principal: null, refreshToken: 'second' };
      for (const id of others) await one.refresh(id);
      expect(asked).to.have.length(1 + others.length);
      pass(16);
      answer = failure(reason);
      for (const id of others) await one.refresh(id);
      expect(asked, 'not the last').to.have.length(1 + others.length + MAX_FAILURES_IN_A_ROW);
    });

  it('lets one session try after a pause, and the others wait for how that goes', async () => {
    const one = await instance();
    const [first, second, third] = [await startSession(one), await startSession(one), await startSession(one)];
    pass(16);
    answer = failure('identity-provider-unreachable');
    await one.refresh(first);
    nowMs += PROVIDER_PAUSE_MS;
    answer = null;
    const probe = one.refresh(second);
    await until(() => asked.length === 2);
    await Promise.all([one.refresh(third), one.refresh(first)]);
    expect(asked).to.have.length(2);
    asked[1]?.answer(failure('identity-provider-unreachable'));
    await probe;
    await one.refresh(third);
    expect(asked, 'paused again').to.have.length(2);
    nowMs += PROVIDER_PAUSE_MS;
    answer = { principal: null, refreshToken: 'second' };
    for (const id of [third, second, first]) await one.refresh(id);
    expect(asked).to.have.length(5);
  });

  for (const [name, outcome] of [
    ['nonsense', failure('identity-provider-answer-invalid')],
    ['a token that is not good', failure('token-invalid')],
    ['a refusal that says nothing about the token', failure('identity-provider-refused')],
    ['a mistake of the adapter', new TypeError('undefined is not a function')],
  ] as const)
    it(`goes on after ${name}, and ends the session only when it has gone unconfirmed for too long`, async () => {
      const one = await instance();
      const id = await startSession(one);
      answer = outcome;
      for (const minutes of [16, 30, 29]) {
        pass(minutes);
        await one.refresh(id);
        expect((await one.stateOf(id)).status).to.equal('active');
      }
      pass(2);
      await one.refresh(id);
      expect(asked).to.have.length(4);
      expect(await one.stateOf(id)).to.include({ status: 'ended', reason: 'unconfirmed' });
    });

  it('ends no session that was not used for long by the first failure after that, and waits for the next as for any', async () => {
    const one = await instance();
    const id = await startSession(one);
    pass(300);
    answer = failure('identity-provider-unreachable');
    await one.refresh(id);
    expect((await one.stateOf(id)).status).to.equal('active');
    await one.refresh(id);
    expect(asked, 'not with each request').to.have.length(1);
    nowMs += PROVIDER_PAUSE_MS;
    await one.refresh(id);
    expect(asked).to.have.length(2);
    nowMs += PROVIDER_PAUSE_MS;
    answer = { principal: null, refreshToken: 'second' };
    await one.refresh(id);
    expect(await one.stateOf(id))
      .to.include({ status: 'active' })
      .and.not.to.have.property('failingSince');
    pass(16);
    answer = failure('identity-provider-unreachable');
    await one.refresh(id);
    pass(59);
    await one.refresh(id);
    expect((await one.stateOf(id)).status).to.equal('active');
    pass(2);
    await one.refresh(id);
    expect(await one.stateOf(id)).to.include({ status: 'ended', reason: 'unconfirmed' });
  });

  it('ends no session for a lease that was long in coming, however often', async () => {
    const one = await instance();
    const id = await startSession(one);
    leaseTakesMs = 7_000;
    for (const minutes of [16, 90, 90]) {
      pass(minutes);
      await one.refresh(id);
      expect(await one.stateOf(id))
        .to.include({ status: 'active' })
        .and.not.to.have.property('failingSince');
    }
    expect(asked).to.have.length(0);
  });

  it('keeps the next token of an answer that confirms nobody: the one before may be used up', async () => {
    const one = await instance();
    const id = await startSession(one);
    pass(16);
    answer = new UnconfirmedRefreshError(failure('token-invalid'), 'second');
    await one.refresh(id);
    const state = await one.stateOf(id);
    expect(state).to.include({ status: 'active' }).and.not.to.have.any.keys('refreshLease', 'refreshedAt');
    expect(await tokenOf(state)).to.equal('second');
    nowMs += SESSION_PAUSE_MS;
    answer = { principal: null, refreshToken: 'third' };
    await one.refresh(id);
    expect(asked.map(({ token }) => token)).to.deep.equal(['first', 'second']);
    expect(log.join('\n')).to.include('token-invalid').and.not.to.include('second');
  });

  it('asks nobody with a token it cannot open, or of a provider that is not configured any more', async () => {
    const one = await instance();
    const damaged = await startSession(one, 'eyJhbGciOiJkaXIifQ..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA');
    const elsewhere = await instance(provider('https://other.example/v2.0'));
    const foreign = await startSession(elsewhere);
    pass(16);
    await one.refresh(damaged);
    await elsewhere.refresh(foreign);
    expect(asked).to.have.length(0);
    expect((await one.stateOf(damaged)).status).to.equal('active');
    const reasons: unknown[] = [];
    for await (const { facts } of store.read({ filters: [{ tenant: TENANT }] }))
      for (const { type, data } of facts)
        if (type === 'SessionRefreshFailed') reasons.push(Reflect.get(Object(data), 'reason'));
    expect(reasons).to.deep.equal(['refresh-token-unreadable', 'identity-provider-unknown']);
  });

  it('asks nobody when the lease was so long in coming that another could take it', async () => {
    const one = await instance();
    const id = await startSession(one);
    pass(16);
    leaseTakesMs = 7_000;
    await one.refresh(id);
    expect(asked).to.have.length(0);
    expect((await one.stateOf(id)).status).to.equal('active');
  });

  it('gives the provider no longer than the lease lasts, less what the record takes', async () => {
    const one = await instance();
    const id = await startSession(one);
    pass(16);
    leaseTakesMs = 2_500;
    answer = { principal: null, refreshToken: 'second' };
    const timeout = AbortSignal.timeout.bind(AbortSignal);
    const bounds: number[] = [];
    AbortSignal.timeout = (milliseconds) => {
      bounds.push(milliseconds);
      return timeout(milliseconds);
    };
    try {
      await one.refresh(id);
    } finally {
      AbortSignal.timeout = timeout;
    }
    expect(bounds).to.deep.equal([LEASE_MS - 2_500 - 3_000]);
    expect(asked[0]?.signal.aborted).to.equal(false);
  });

  it('answers within its bound, and refreshes as many sessions at once as it may', async function atOnce() {
    this.timeout(10_000);
    const one = await instance();
    const ids: string[] = [];
    for (let count = 0; count <= MAX_REFRESHES_AT_ONCE; count += 1) ids.push(await startSession(one));
    pass(16);
    const beganAtMs = Date.now();
    await Promise.all(ids.map((id) => one.refresh(id)));
    expect(Date.now() - beganAtMs, 'less than an ingress waits').to.be.within(MAX_WAIT_MS - 50, 4_900);
    expect(asked).to.have.length(MAX_REFRESHES_AT_ONCE);
    expect(log.join('\n')).to.include('too many sessions to refresh at once');
    for (const { answer: settle } of asked) settle({ principal: null, refreshToken: 'second' });
  });

  it('waits at its stop for what is under way, and begins nothing more', async () => {
    const one = await instance();
    const [id, other] = [await startSession(one), await startSession(one)];
    pass(16);
    const flight = one.refresh(id);
    await until(() => asked.length === 1);
    let hasStopped = false;
    const stopping = one.refresher.stop().then(() => {
      hasStopped = true;
    });
    await one.refresh(other);
    expect(asked).to.have.length(1);
    expect(hasStopped).to.equal(false);
    asked[0]?.answer({ principal: null, refreshToken: 'second' });
    await Promise.all([flight, stopping, one.refresher.stop()]);
    expect(await tokenOf(await one.stateOf(id))).to.equal('second');
  });

  it('counts from when the sign-in was for a session of an earlier version', () => {
    const times = { authenticatedAt: '2026-11-22T10:00:00.000Z', expiresAt: '2026-11-22T18:00:00.000Z' };
    const state = { status: 'active', refreshToken: 'x', ...times };
    const due = (minutes: number) =>
      dueOf(state as unknown as Parameters<typeof dueOf>[0], PACE, START_MS + minutes * MINUTE_MS);
    const never = { isDue: false, isPressing: false, isOverdue: false };
    expect(due(14)).to.deep.equal(never);
    expect(due(15)).to.deep.equal({ ...never, isDue: true });
    expect(due(75)).to.deep.equal({ ...never, isDue: true, isPressing: true });
    expect(due(480), 'one that expired needs no confirmation').to.deep.equal(never);
  });
});
