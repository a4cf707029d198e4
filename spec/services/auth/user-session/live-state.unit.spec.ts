import { expect } from 'chai';
import { describe, it } from 'mocha';
import {
  accessPolicy,
  appAggregate,
  POLICY_SET_ID,
  policySetAggregate,
  type ServiceTokenFact,
  serviceTokenAggregate,
  type UserFact,
  type UserSessionFact,
  userAggregate,
  userIdOf,
  userSessionAggregate,
} from '#libs/contracts';
import { type EventStore, type FollowOptions, InMemoryEventStore } from '#libs/events';
import { metadataOf } from '#libs/events/testing';
import { createLogger } from '#libs/telemetry';
import { LiveState, type Revocation } from '../../../../services/auth/src/user-session/live-state.ts';
import { until } from '../../../support/until.ts';
import { published } from '../support/auth-world.ts';

const TENANT = 'default';
const logger = createLogger({ service: 'spec', write: () => undefined });
const BOB = { directoryTenant: 't', subject: 'bob' };
const started = (expiresAt: string, directoryTenant = 't'): UserSessionFact => ({
  type: 'SessionStarted',
  data: {
    principal: {
      subject: 'bob',
      directoryTenant,
      username: 'bob',
      name: 'Bob',
      email: null,
      groups: [],
      roles: [],
      directoryRoles: [],
    },
    identityProvider: 'idp',
    authenticationContexts: [],
    authenticatedAt: '2026-11-22T10:00:00.000Z',
    expiresAt,
    address: '',
    userAgent: '',
  },
});
const NOW = Date.parse('2026-11-22T11:00:00Z');
const LATER = '2026-11-22T18:00:00.000Z';
let commands = 0;

describe('live state', () => {
  const append = async (store: EventStore, id: string, ...facts: UserSessionFact[]) => {
    const ref = { tenant: TENANT, type: userSessionAggregate, id };
    const { revision } = await store.load(ref);
    commands += 1;
    await store.append(ref, revision, facts, metadataOf(`cmd-${commands}`));
  };
  const start = (store: EventStore, seen: Revocation[] = [], options: { readonly maxSessions?: number } = {}) =>
    LiveState.start({
      store,
      tenant: TENANT,
      logger,
      nowMs: () => NOW,
      onRevocation: (one) => seen.push(one),
      ...options,
    });
  const appendUser = async (store: EventStore, fact: UserFact) => {
    const ref = { tenant: TENANT, type: userAggregate, id: userIdOf(fact.data) };
    const { revision } = await store.load(ref);
    commands += 1;
    return store.append(ref, revision, [fact], metadataOf(`cmd-${commands}`));
  };
  const everyType = [appAggregate, userSessionAggregate, userAggregate, serviceTokenAggregate];

  it('counts revocations the same on every instance and tells only the new ones', async () => {
    const store = new InMemoryEventStore({ types: [appAggregate, userSessionAggregate] });
    await append(store, 'ses_a', started(LATER));
    await append(store, 'ses_a', { type: 'SessionEnded', data: { reason: 'revoked' } });
    await store.append({ tenant: TENANT, type: appAggregate, id: 'app_a' }, 0, published(), metadataOf('cmd-app'));
    const [one, two]: [Revocation[], Revocation[]] = [[], []];
    const live = [await start(store, one), await start(store, two)];
    expect(live.map(({ revocationPosition }) => revocationPosition)).to.deep.equal([2, 2]);
    await append(store, 'ses_b', started(LATER));
    await append(store, 'ses_b', { type: 'SessionEnded', data: { reason: 'signed-out' } });
    await until(() => one.length === 1 && two.length === 1);
    expect(one).to.deep.equal([{ position: 3, sessionIds: ['ses_b'], appIds: [] }]);
    expect(two).to.deep.equal(one);
    await Promise.all(live.map((each) => each.stop()));
  });

  it('counts a change of the policy set, which voids everything', async () => {
    const store = new InMemoryEventStore({ types: [appAggregate, userSessionAggregate, policySetAggregate] });
    const policy = accessPolicy.parse({
      id: 'p',
      name: 'P',
      state: 'on',
      assignments: { users: { include: 'all' }, apps: { include: 'all' } },
      grant: { kind: 'block' },
    });
    const put = (revision: number, commandId: string) =>
      store.append(
        { tenant: TENANT, type: policySetAggregate, id: POLICY_SET_ID },
        revision,
        [{ type: 'AccessPolicyPut', data: { policy, isForced: true } }],
        metadataOf(commandId),
      );
    const { revision: first } = await put(0, 'cmd-policy-1');
    const seen: Revocation[] = [];
    const live = await start(store, seen);
    expect(live.revocationPosition).to.equal(1);
    const { revision } = await put(first, 'cmd-policy-2');
    await until(() => seen.length === 1);
    expect(seen).to.deep.equal([{ position: 2, sessionIds: [], appIds: [], policySetRevision: revision }]);
    await live.stop();
  });

  it('leaves expired sessions out of memory, and still finds them in the store', async () => {
    const store = new InMemoryEventStore({ types: [appAggregate, userSessionAggregate] });
    await append(store, 'ses_old', started('2026-11-22T10:30:00.000Z'));
    const live = await start(store);
    expect(live.peekSession('ses_old')).to.equal(undefined);
    expect((await live.session('ses_old')).state.status).to.equal('active');
    expect((await live.session('ses_never')).state.status).to.equal('absent');
    await live.stop();
  });

  it('knows what is recorded of a person, and voids the person and all their sessions when that changes', async () => {
    const store = new InMemoryEventStore({ types: everyType });
    await append(store, 'ses_a', started(LATER));
    await append(store, 'ses_b', started(LATER));
    await append(store, 'ses_ended', started(LATER));
    await append(store, 'ses_ended', { type: 'SessionEnded', data: { reason: 'revoked' } });
    await append(store, 'ses_namesake', started(LATER, 'another directory'));
    const seen: Revocation[] = [];
    const live = await start(store, seen);
    expect((await live.user(BOB)).state).to.include({ status: 'enabled', risk: null, signedOutBefore: null });
    await appendUser(store, { type: 'UserDisabled', data: { ...BOB, detail: '' } });
    await until(() => seen.length === 1);
    expect(seen).to.deep.equal([{ position: 2, sessionIds: [userIdOf(BOB), 'ses_b', 'ses_a'], appIds: [] }]);
    expect((await live.user(BOB)).state.status).to.equal('disabled');
    expect((await live.user({ ...BOB, directoryTenant: 'another directory' })).state.status).to.equal('enabled');
    await appendUser(store, { type: 'UserRiskChanged', data: { ...BOB, level: 'high', detail: 'leaked' } });
    await until(() => seen.length === 2);
    expect((await live.user(BOB)).state).to.include({ status: 'disabled', risk: 'high' });
    const again = await start(store);
    expect((await again.user(BOB)).state).to.include({ status: 'disabled', risk: 'high' });
    expect(again.revocationPosition).to.equal(live.revocationPosition);
    await Promise.all([live.stop(), again.stop()]);
  });

  it('voids everything when not all sessions of the person can be named', async () => {
    const store = new InMemoryEventStore({ types: everyType });
    for (const id of ['ses_a', 'ses_b', 'ses_c']) await append(store, id, started(LATER));
    const seen: Revocation[] = [];
    const live = await start(store, seen, { maxSessions: 2 });
    expect(live.peekSession('ses_a')).to.equal(undefined);
    expect(live.isPartial).to.equal(true);
    await appendUser(store, { type: 'UserDisabled', data: { ...BOB, detail: '' } });
    await until(() => seen.length === 1);
    expect(seen).to.deep.equal([{ position: 1, sessionIds: [userIdOf(BOB)], appIds: [], everything: true }]);
    await live.stop();
  });

  it('voids a session whose risk changed, and a service token that changed', async () => {
    const store = new InMemoryEventStore({ types: everyType });
    await append(store, 'ses_a', started(LATER));
    const seen: Revocation[] = [];
    const live = await start(store, seen);
    await append(store, 'ses_a', { type: 'SignInRiskChanged', data: { level: 'high', detail: '' } });
    const issued: ServiceTokenFact = {
      type: 'ServiceTokenIssued',
      data: { name: 'robot', appIds: ['app_a'], secretHash: 'x'.repeat(43), expiresAt: LATER },
    };
    expect((await live.serviceToken('stk_a')).state.status).to.equal('absent');
    await store.append(
      { tenant: TENANT, type: serviceTokenAggregate, id: 'stk_a' },
      0,
      [issued],
      metadataOf('cmd-stk'),
    );
    await until(() => seen.length === 2);
    expect(seen).to.deep.equal([
      { position: 1, sessionIds: ['ses_a'], appIds: [] },
      { position: 2, sessionIds: ['stk_a'], appIds: [] },
    ]);
    expect((await live.serviceToken('stk_a')).state.status).to.equal('active');
    expect(live.serviceTokens().map(([id]) => id)).to.deep.equal(['stk_a']);
    await live.stop();
  });

  it('decides from the store while it cannot follow, and follows again from where it was', async () => {
    const inner = new InMemoryEventStore({ types: [appAggregate, userSessionAggregate] });
    await append(inner, 'ses_a', started(LATER));
    const follows: FollowOptions[] = [];
    const store: EventStore = {
      load: (ref) => inner.load(ref),
      append: (...args) => inner.append(...args),
      read: (options) => inner.read(options),
      head: () => inner.head(),
      follow: (options) => {
        follows.push(options);
        return follows.length === 1
          ? { caughtUp: feed(inner, options), stop: async () => undefined }
          : inner.follow(options);
      },
    };
    const seen: Revocation[] = [];
    const live = await start(store, seen);
    follows[0]?.onError?.(new Error('unreadable'));
    await append(inner, 'ses_a', { type: 'SessionEnded', data: { reason: 'revoked' } });
    expect((await live.session('ses_a')).state.status).to.equal('ended');
    await until(() => follows.length === 2 && live.peekSession('ses_a')?.status === 'ended', { deadlineMs: 5000 });
    expect(follows[1]?.after).to.equal(1);
    await live.stop();
  });
});

/** History once, then silence: a subscription about to break. */
async function feed(store: EventStore, options: FollowOptions): Promise<void> {
  for await (const commit of store.read({ filters: options.filters })) await options.onCommit(commit);
  options.onCaughtUp?.();
}
