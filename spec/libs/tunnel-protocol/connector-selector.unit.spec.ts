import { expect } from 'chai';
import { beforeEach, describe, it } from 'mocha';
import { ConnectorSelector } from '#libs/tunnel-protocol';

const beat = (options: { openChannels?: number; isDraining?: boolean; instanceId?: string } = {}) => ({
  instanceId: 'i-1',
  sentAt: '2026-08-01T10:00:00.000Z',
  openChannels: 0,
  isDraining: false,
  ...options,
});

describe('connector selector', () => {
  let selector: ConnectorSelector;
  let turn: number;
  beforeEach(() => {
    selector = new ConnectorSelector({ random: () => 0 });
    turn = 0;
    // Behind the choices of which the queue has every second.
    selector.proved('g', 'never-seen', 0);
    for (let count = 0; count < 64; count++) choose();
  });

  const choose = (options: { key?: string; tried?: string[]; nowMs?: number } = {}): string | undefined =>
    selector.choose('g', options.key, options.tried, ++turn, options.nowMs ?? 0);

  const join = (connectorId: string, nowMs = 0): void => {
    selector.observe(connectorId, beat(), nowMs);
    selector.proved('g', connectorId, nowMs);
  };

  it('leaves it to the queue until a connector has proved that it serves the group and is alive', () => {
    expect(choose()).to.equal(undefined);
    selector.observe('c1', beat(), 0);
    expect(choose(), 'a heartbeat proves nothing').to.equal(undefined);
    selector.proved('g', 'c2', 0);
    expect(choose(), 'never heard of').to.equal(undefined);
    selector.proved('g', 'c1', 0);
    expect(choose()).to.equal('c1');
    expect(selector.choose('other', undefined, undefined, 99, 0)).to.equal(undefined);
  });

  it('leaves out who drains, is lost, cannot be reached or was tried', () => {
    for (const id of ['c1', 'c2', 'c3', 'c4', 'c5']) join(id);
    selector.observe('c1', beat({ isDraining: true }), 10);
    selector.unreachable('c2');
    for (const id of ['c1', 'c3', 'c4', 'c5']) selector.observe(id, beat({ isDraining: id === 'c1' }), 4_000);
    const seen = new Set(Array.from({ length: 15 }, () => choose({ nowMs: 6_000, tried: ['c3'] })));
    expect([...seen]).to.have.members(['c4']);
    expect(choose({ nowMs: 6_000, tried: ['c3', 'c4', 'c5'] })).to.equal(undefined);
    expect(choose({ nowMs: 9_000 }), 'all silent').to.equal(undefined);
  });

  it('forgets what a lost connector had proved', () => {
    join('c1');
    expect(selector.lost(5_000)).to.deep.equal(['c1']);
    selector.observe('c1', beat(), 6_000);
    expect(choose({ nowMs: 6_000 })).to.equal(undefined);
  });

  it('does not count the silence of a lost link', () => {
    join('c1');
    selector.resumed(60_000);
    expect(selector.lost(64_999)).to.deep.equal([]);
    expect(choose({ nowMs: 64_999 })).to.equal('c1');
    expect(selector.lost(65_000)).to.deep.equal(['c1']);
  });

  it('takes one that could not be reached again after its next heartbeat', () => {
    join('c1');
    selector.unreachable('c1');
    expect(choose()).to.equal(undefined);
    selector.observe('c1', beat(), 1_000);
    expect(choose({ nowMs: 1_000 })).to.equal('c1');
  });

  it('wants the proof again after ten minutes', () => {
    join('c1');
    for (let nowMs = 0; nowMs <= 600_000; nowMs += 2_000) selector.observe('c1', beat(), nowMs);
    expect(choose({ nowMs: 599_999 })).to.equal('c1');
    expect(choose({ nowMs: 600_000 })).to.equal(undefined);
  });

  it('keeps the requests of one turn together, sixteen at most', () => {
    for (const id of ['c1', 'c2']) join(id);
    const one = (): string | undefined => {
      const chosen = selector.choose('g', undefined, undefined, 7, 0);
      if (chosen !== undefined) selector.began(chosen);
      return chosen;
    };
    const chosen = Array.from({ length: 32 }, one);
    expect(chosen).to.deep.equal([...Array(16).fill('c1'), ...Array(16).fill('c2')]);
  });

  it('prefers the less busy, by its own requests and by those of others', () => {
    for (const id of ['c1', 'c2']) join(id);
    selector.began('c1');
    expect(choose()).to.equal('c2');
    selector.observe('c2', beat({ openChannels: 5 }), 0);
    expect(choose()).to.equal('c1');
    selector.ended('c1');
    selector.observe('c1', beat({ openChannels: 9 }), 0);
    expect(choose()).to.equal('c2');
  });

  it('lets the queue draw every sixteenth time, at first every second, but not for a key', () => {
    selector.proved('new', 'c1', 0);
    join('c1');
    const early = Array.from({ length: 64 }, () => selector.choose('new', undefined, undefined, ++turn, 0));
    expect(early.filter((each) => each === undefined).length).to.equal(32);
    const drawn = Array.from({ length: 64 }, () => choose());
    expect(drawn.filter((each) => each === undefined).length).to.equal(4);
    const keyed = Array.from({ length: 64 }, () => choose({ key: 'session' }));
    expect(new Set(keyed)).to.deep.equal(new Set(['c1']));
  });

  it('learns anew at its bounds', () => {
    for (let count = 0; count < 1_001; count++) selector.proved(`g${count}`, 'c1', 0);
    for (let count = 0; count < 10_001; count++) selector.observe(`c${count}`, beat(), 0);
    join('c-last');
    expect(choose()).to.equal('c-last');
  });
});
