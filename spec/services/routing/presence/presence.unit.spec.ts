import { expect } from 'chai';
import { describe, it } from 'mocha';
import { deciderSpec } from '#libs/events/testing';
import { createLogger } from '#libs/telemetry';
import { connectorPresenceDecider } from '../../../../services/routing/src/presence/connector-presence.decide.ts';
import {
  createPresenceLeases,
  type PresenceTransition,
} from '../../../../services/routing/src/presence/presence-lease.ts';
import { createPresenceRecorder } from '../../../../services/routing/src/presence/presence-recorder.ts';

const beat = (instanceId = 'i1', isDraining = false) => ({ instanceId, isDraining });

function leasesAt(start = 1_000_000, maxLeases = 10) {
  const clock = { ms: start };
  const transitions: string[] = [];
  const leases = createPresenceLeases({
    now: () => clock.ms,
    maxLeases,
    onTransition: (one) =>
      transitions.push(`${one.connectorId}/${one.instanceId} ${one.to === 'online' ? 'online' : one.reason}`),
  });
  return { clock, transitions, leases };
}

describe('presence leases', () => {
  it('turn many beats into one transition, and 5 s of silence into another', () => {
    const { clock, transitions, leases } = leasesAt();
    for (let at = 0; at <= 4; at += 2) {
      clock.ms += 2_000;
      leases.renew('c1', beat());
      leases.sweep();
    }
    expect(transitions).to.deep.equal(['c1/i1 online']);
    clock.ms += 4_999;
    leases.sweep();
    expect(leases.isOnline('c1')).to.equal(true);
    clock.ms += 1;
    leases.sweep();
    leases.sweep();
    expect(transitions).to.deep.equal(['c1/i1 online', 'c1/i1 silent']);
    expect(leases.lastSeenAt('c1')).to.equal(new Date(clock.ms - 5_000).toISOString());
  });
  it('go offline at once with an orderly good-bye, of the current instance only', () => {
    const { transitions, leases } = leasesAt();
    leases.renew('c1', beat('i1'));
    leases.renew('c1', beat('i2'));
    leases.renew('c1', beat('i1', true));
    expect(leases.isOnline('c1')).to.equal(true);
    leases.renew('c1', beat('i2', true));
    expect(transitions).to.deep.equal(['c1/i1 online', 'c1/i2 online', 'c1/i2 drained']);
  });
  it('give a connector that facts call online one lease time to show itself', () => {
    const { clock, transitions, leases } = leasesAt();
    leases.presume('c1', 'i1');
    leases.presume('c2', 'i2');
    leases.renew('c2', beat('i2'));
    clock.ms += 5_000;
    leases.renew('c2', beat('i2'));
    leases.sweep();
    expect(transitions).to.deep.equal(['c1/i1 silent']);
    expect(leases.lastSeenAt('c1')).to.equal(null);
  });
  it('prove nothing by silence while this service itself was cut off', () => {
    const { clock, transitions, leases } = leasesAt();
    leases.renew('c1', beat());
    clock.ms += 60_000;
    leases.renewAll();
    leases.sweep();
    expect(transitions).to.deep.equal(['c1/i1 online']);
  });
  it('remember no more than their maximum, offline ones go first', () => {
    const { leases } = leasesAt(0, 2);
    leases.renew('c1', beat());
    leases.renew('c2', beat());
    leases.renew('c3', beat());
    expect(leases.isOnline('c3'), 'ignored at the bound').to.equal(false);
    leases.renew('c1', beat('i1', true));
    leases.renew('c3', beat());
    expect([leases.isOnline('c3'), leases.lastSeenAt('c1')]).to.deep.equal([true, null]);
  });
});

describe('presence decider', () => {
  const check = deciderSpec(connectorPresenceDecider);
  const online = { type: 'ConnectorCameOnline', data: { instanceId: 'i1' } } as const;
  const offline = { type: 'ConnectorWentOffline', data: { instanceId: 'i1', reason: 'silent' } } as const;
  it('records transitions only', () => {
    check({ when: { type: 'ReportOnline', instanceId: 'i1' }, facts: [online] });
    check({ given: [online], when: { type: 'ReportOnline', instanceId: 'i1' }, facts: [] });
    check({ given: [online], when: { type: 'ReportOffline', instanceId: 'i1', reason: 'silent' }, facts: [offline] });
    check({ given: [online, offline], when: { type: 'ReportOffline', instanceId: 'i1', reason: 'silent' }, facts: [] });
  });
  it('does not take a new instance offline for the old one', () =>
    check({ given: [online], when: { type: 'ReportOffline', instanceId: 'i0', reason: 'silent' }, facts: [] }));
});

describe('presence recorder', () => {
  const logger = createLogger({ service: 'routing', write: () => undefined });
  const online: PresenceTransition = { connectorId: 'c1', instanceId: 'i1', to: 'online' };
  const offline: PresenceTransition = { connectorId: 'c1', instanceId: 'i1', to: 'offline', reason: 'silent' };

  it('writes in order, and tries again until the store answers', async () => {
    const written: string[] = [];
    let failures = 2;
    let done: () => void = () => undefined;
    const finished = new Promise<void>((resolve) => {
      done = resolve;
    });
    const recorder = createPresenceRecorder({
      logger,
      retryPauseMs: 1,
      write: async ({ to }) => {
        failures -= 1;
        if (failures >= 0) throw new Error('store is away');
        written.push(to);
        if (to === 'offline') done();
      },
    });
    recorder.record(online);
    await new Promise((resolve) => setImmediate(resolve));
    recorder.record(offline);
    await finished;
    await recorder.stop();
    expect(written.at(-1), 'the newest state is what stays').to.equal('offline');
  });
  it('gives up waiting when it stops', async () => {
    const recorder = createPresenceRecorder({
      logger,
      retryPauseMs: 60_000,
      write: () => Promise.reject(new Error('store is away')),
    });
    recorder.record(online);
    await recorder.stop();
    recorder.record(offline);
    await recorder.stop();
  });
});
