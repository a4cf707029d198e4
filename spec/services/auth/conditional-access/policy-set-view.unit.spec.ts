import { expect } from 'chai';
import { describe, it } from 'mocha';
import { accessPolicy, POLICY_SET_ID, type PolicySetFact, policySetAggregate } from '#libs/contracts';
import { type EventStore, type FollowOptions, InMemoryEventStore } from '#libs/events';
import { metadataOf } from '#libs/events/testing';
import { createLogger } from '#libs/telemetry';
import {
  type CurrentPolicySet,
  startPolicySet,
} from '../../../../services/auth/src/conditional-access/policy-set-view.ts';
import { until } from '../../../support/until.ts';

const TENANT = 'default';
const logger = createLogger({ service: 'spec', write: () => undefined });
const put = (id: string): PolicySetFact => ({
  type: 'AccessPolicyPut',
  data: {
    isForced: false,
    policy: accessPolicy.parse({
      id,
      name: id,
      state: 'on',
      assignments: { users: { include: 'all' }, apps: { include: 'all' } },
      grant: { kind: 'allow' },
    }),
  },
});
let commands = 0;

describe('policy set in memory', () => {
  const append = async (store: EventStore, ...facts: PolicySetFact[]) => {
    const ref = { tenant: TENANT, type: policySetAggregate, id: POLICY_SET_ID };
    const { revision } = await store.load(ref);
    commands += 1;
    const outcome = await store.append(ref, revision, facts, metadataOf(`cmd-${commands}`));
    if (outcome.status !== 'appended') throw new Error(outcome.status);
    return outcome.revision;
  };
  const idsOf = ({ state }: CurrentPolicySet) => state.policies.map(({ document }) => document.id);

  it('holds history when it has started, and names its revision', async () => {
    const store = new InMemoryEventStore({ types: [policySetAggregate] });
    const none = await startPolicySet({ store, tenant: TENANT, logger });
    expect(none.current()).to.deep.equal({ revision: 0, state: { changes: 0, policies: [], locations: [] } });
    await append(store, put('a'), put('b'));
    const revision = await append(store, put('c'));
    const live = await startPolicySet({ store, tenant: TENANT, logger });
    expect(live.current().revision).to.equal(revision);
    expect(idsOf(live.current())).to.deep.equal(['a', 'b', 'c']);
    await Promise.all([none.stop(), live.stop()]);
    await live.stop();
  });

  it('tells each change once, when it is current, and none of before the start', async () => {
    const store = new InMemoryEventStore({ types: [policySetAggregate] });
    await append(store, put('old'));
    const told: unknown[] = [];
    const live = await startPolicySet({
      store,
      tenant: TENANT,
      logger,
      onChange: (current) => told.push([current.revision, idsOf(current), live.current() === current]),
    });
    const first = await append(store, put('a'), put('b'));
    const second = await append(store, put('c'));
    await live.waitFor(second, 2000);
    await until(() => told.length >= 2);
    expect(told).to.deep.equal([
      [first, ['old', 'a', 'b'], true],
      [second, ['old', 'a', 'b', 'c'], true],
    ]);
    await live.stop();
  });

  it('gives nothing any more once the stream cannot be read', async () => {
    const inner = new InMemoryEventStore({ types: [policySetAggregate] });
    let fail: FollowOptions['onError'];
    const store: EventStore = Object.assign(Object.create(inner) as EventStore, {
      follow: (options: FollowOptions) => {
        fail = options.onError;
        return inner.follow(options);
      },
    });
    await append(inner, put('a'));
    const live = await startPolicySet({ store, tenant: TENANT, logger });
    expect(idsOf(live.current())).to.deep.equal(['a']);
    fail?.(new Error('unreadable'));
    expect(() => live.current()).to.throw('unreadable');
    await live.stop();
  });
});
