// long because the model of peers and links that the properties need serves the single cases too
import { expect } from 'chai';
import * as fc from 'fast-check';
import { describe, it } from 'mocha';
import type { CreditAccount } from '../../../libs/tunnel-protocol/src/credit-account.ts';
import { CreditLedger, DEFAULT_LEDGER_LIMITS } from '../../../libs/tunnel-protocol/src/credit-ledger.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
/** Small enough for random runs to meet every bound. */
const LIMITS = {
  ...DEFAULT_LEDGER_LIMITS,
  processCapBytes: 700 * KIB,
  minLinkCapBytes: 256 * KIB,
  maxLinkCapBytes: 1024 * KIB,
};
/** The same with a budget that is soon short. */
const SHORT_LIMITS = { ...LIMITS, easyProcessBytes: 200 * KIB };
const LINKS = ['c1', 'c2', 'c3'];

class Peer {
  readonly account: CreditAccount;
  readonly ledger: CreditLedger;
  granted: number;
  sent = 0;
  constructor(ledger: CreditLedger, initial: number, nowMs: number) {
    this.ledger = ledger;
    this.granted = initial;
    this.account = ledger.open(this, initial, nowMs);
  }

  grantCredit(bytes: number): void {
    this.granted += bytes;
    expect(bytes).to.be.greaterThan(0);
    const { account, ledger } = this;
    if (account.outstanding + account.held <= ledger.limits.minWindowBytes) return;
    const link = ledger.linkState(account.link?.id ?? '');
    expect(link?.chargedBytes).to.be.at.most(link?.capBytes ?? 0, 'link cap');
    expect(ledger.committedBytes).to.be.at.most(ledger.limits.processCapBytes, 'process cap');
  }

  get isOver(): boolean {
    return this.account.isDone || this.account.isClosed;
  }
}

class World {
  readonly ledger: CreditLedger;
  readonly peers: Peer[] = [];
  nowMs = 0;

  constructor(limits = LIMITS) {
    this.ledger = new CreditLedger(limits);
  }

  open(link: number, maxInitial: number, isBound: boolean): void {
    const open = this.peers.filter(({ account }) => !account.isClosed).length;
    const peer = new Peer(this.ledger, this.ledger.initialCredit(open, maxInitial), this.nowMs);
    this.peers.push(peer);
    if (isBound) this.bind(peer, link);
  }

  bind(peer: Peer, link: number): void {
    this.ledger.bind(peer.account, LINKS[link % LINKS.length] ?? 'c1', this.nowMs);
  }

  send(peer: Peer, share: number): void {
    const bytes = Math.ceil(peer.account.outstanding * share);
    if (bytes === 0 || peer.isOver || peer.account.link === undefined) return;
    expect(this.ledger.received(peer.account, bytes, this.nowMs)).to.equal(true);
    peer.sent += bytes;
  }

  consume(peer: Peer, share: number): void {
    const bytes = Math.ceil(peer.account.held * share);
    if (bytes > 0) this.ledger.consumed(peer.account, bytes, this.nowMs);
  }

  /** What must hold at any time. */
  check(): void {
    const open = this.peers.filter(({ account }) => !account.isClosed);
    let committed = 0;
    for (const { account } of open) committed += account.held + (account.isCharged ? account.outstanding : 0);
    expect(this.ledger.committedBytes).to.equal(committed);
    for (const id of LINKS) {
      const own = open.filter(({ account }) => account.link?.id === id && account.isCharged);
      const charged = own.reduce((sum, { account }) => sum + account.outstanding, 0);
      expect(this.ledger.linkState(id)?.chargedBytes ?? 0).to.equal(charged);
    }
    for (const peer of open) {
      expect(peer.granted - peer.sent - peer.account.outstanding).to.equal(
        peer.account.isDone ? peer.granted - peer.sent : 0,
      );
      expect(peer.account.outstanding + peer.account.held).to.be.at.most(LIMITS.maxWindowBytes);
      const isStarved = !peer.isOver && peer.account.held === 0 && peer.account.outstanding === 0;
      expect(isStarved).to.equal(false, 'an account that holds nothing always has credit');
    }
  }
}

type Step = { readonly kind: number; readonly who: number; readonly share: number };
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.integer({ min: 0, max: 11 }),
  who: fc.nat({ max: 999 }),
  share: fc.double({ min: 0, max: 1, noNaN: true }),
});

function run(world: World, { kind, who, share }: Step): void {
  const peer = world.peers[who % Math.max(1, world.peers.length)];
  if (kind <= 1) world.open(who, 64 * KIB, share > 0.2);
  else if (kind === 2) world.nowMs += Math.ceil(share * 2_000);
  else if (kind === 3) world.ledger.sweep(world.nowMs);
  else if (peer === undefined) return;
  else if (kind <= 6) world.send(peer, share);
  else if (kind <= 9) world.consume(peer, share);
  else if (kind === 10 && share > 0.7) world.ledger.done(peer.account, world.nowMs);
  else if (kind === 11 && share > 0.7) world.ledger.close(peer.account, world.nowMs);
  else world.bind(peer, who);
}

describe('credit ledger', () => {
  it('keeps its caps and its books, and starves nobody, whatever happens', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), fc.boolean(), (steps, isShort) => {
        const world = new World(isShort ? SHORT_LIMITS : LIMITS);
        for (const one of steps) {
          run(world, one);
          world.check();
        }
        for (const { account } of world.peers) world.ledger.close(account, world.nowMs);
        expect(world.ledger.committedBytes).to.equal(0);
        expect(LINKS.map((id) => world.ledger.linkState(id))).to.deep.equal([undefined, undefined, undefined]);
      }),
      { numRuns: 150 },
    );
  }).timeout(30_000);

  it('lets every channel finish, from any state, when readers read', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), fc.boolean(), (steps, isShort) => {
        const world = new World(isShort ? SHORT_LIMITS : LIMITS);
        for (const one of steps) run(world, one);
        const waiting = world.peers.filter((peer) => !peer.isOver);
        for (const peer of waiting) world.bind(peer, 0);
        const goal = new Map(waiting.map((peer) => [peer, peer.sent + 512 * KIB]));
        let rounds = 0;
        while (waiting.some((peer) => peer.sent < (goal.get(peer) ?? 0))) {
          expect(++rounds).to.be.lessThan(1_000, 'rounds until all are done');
          world.nowMs += 1;
          for (const peer of waiting) {
            world.send(peer, 1);
            world.consume(peer, 1);
          }
        }
      }),
      { numRuns: 150 },
    );
  }).timeout(30_000);

  it('serves the channels of a full link in turn', () => {
    const world = new World();
    for (let count = 0; count < 12; count++) world.open(0, 64 * KIB, true);
    for (let round = 0; round < 50; round++) {
      for (const peer of world.peers) world.send(peer, 1);
      for (const peer of world.peers) world.consume(peer, 1);
    }
    const totals = world.peers.map(({ sent }) => sent);
    expect(Math.min(...totals)).to.be.greaterThan(Math.max(...totals) * 0.5);
  });

  it('does not let silent channels keep credit from busy ones', () => {
    const world = new World();
    for (let count = 0; count < 8; count++) world.open(0, 64 * KIB, true);
    const busy = new Peer(world.ledger, 4 * KIB, 0);
    world.bind(busy, 0);
    world.nowMs = 1_500;
    world.ledger.sweep(world.nowMs);
    for (let round = 0; round < 20; round++) {
      world.send(busy, 1);
      world.consume(busy, 1);
    }
    expect(busy.account.window).to.be.at.least(128 * KIB);
    expect(busy.account.outstanding).to.be.at.least(64 * KIB);
  });

  it('gives a busy channel what it needs while idle ones have not got their whole windows', () => {
    const world = new World();
    for (let count = 0; count < 30; count++) world.open(0, 4 * KIB, true);
    for (const peer of world.peers) peer.account.window = 2 * MIB;
    for (const peer of world.peers) world.send(peer, 0.01);
    for (const peer of world.peers) world.consume(peer, 1);
    world.nowMs = 1_500;
    world.ledger.sweep(world.nowMs);
    const idle = world.peers.map(({ granted }) => granted);
    const busy = new Peer(world.ledger, 4 * KIB, world.nowMs);
    world.bind(busy, 0);
    for (let round = 0; round < 40; round++) {
      world.send(busy, 1);
      world.consume(busy, 1);
    }
    expect(busy.account.outstanding).to.be.at.least(64 * KIB);
    expect(world.peers.slice(0, 30).map(({ granted }) => granted)).to.deep.equal(idle);
  });

  it('leaves room for a fast reader, whoever else stopped reading, and tells who did', () => {
    const ledger = new CreditLedger();
    let nowMs = 0;
    const stalled = new Set<number>();
    const open = (index: number): Peer => {
      const peer = new Peer(ledger, ledger.initialCredit(index, 64 * KIB), nowMs);
      Object.assign(peer, { onReaderStalled: () => stalled.add(index) });
      ledger.bind(peer.account, 'c1', nowMs);
      return peer;
    };
    const move = (peer: Peer, bytes: number): void => {
      for (let left = bytes; left > 0; nowMs += 1) {
        const some = Math.min(left, peer.account.outstanding);
        ledger.received(peer.account, some, nowMs);
        ledger.consumed(peer.account, some, nowMs);
        left -= some;
      }
    };
    const stop = (peer: Peer): void => {
      while (peer.account.outstanding > 0) ledger.received(peer.account, peer.account.outstanding, nowMs);
    };
    // Each looks fast while its socket fills.
    for (let index = 0; index < 1_000; index++) {
      const peer = open(index);
      move(peer, 3 * MIB);
      stop(peer);
    }
    expect(ledger.committedBytes).to.be.within(32 * MIB, 62 * MIB);
    nowMs += 500;
    ledger.sweep(nowMs);
    expect(stalled.size).to.equal(1_000);
    const fast = open(1_001);
    move(fast, 12 * MIB);
    expect(fast.account.outstanding).to.be.at.least(256 * KIB);
    const rounds = nowMs;
    move(fast, 64 * MIB);
    expect((64 * MIB) / (nowMs - rounds)).to.be.at.least(256 * KIB, 'bytes per round trip');
  });

  it('gives a fast reader its whole window within a few round trips', () => {
    const ledger = new CreditLedger();
    const peer = new Peer(ledger, 64 * KIB, 0);
    ledger.bind(peer.account, 'c1', 0);
    let rounds = 0;
    for (; peer.account.window < 2 * MIB; rounds++) {
      ledger.received(peer.account, peer.account.outstanding, 20 * rounds);
      ledger.consumed(peer.account, peer.account.held, 20 * rounds);
    }
    expect(rounds).to.be.at.most(10);
  });

  it('refuses bytes without credit and books nothing', () => {
    const world = new World();
    world.open(0, 64 * KIB, true);
    const peer = world.peers[0];
    if (peer === undefined) throw new Error('no peer');
    expect(world.ledger.received(peer.account, 64 * KIB + 1, 0)).to.equal(false);
    expect(peer.account.held).to.equal(0);
    world.check();
  });

  it('widens the window of a reader that keeps up, and narrows it when it lags', () => {
    const ledger = new CreditLedger();
    const peer = new Peer(ledger, 64 * KIB, 0);
    ledger.bind(peer.account, 'c1', 0);
    for (let round = 0; round < 100; round++) {
      ledger.received(peer.account, peer.account.outstanding, round);
      ledger.consumed(peer.account, peer.account.held, round);
    }
    expect(peer.account.window).to.equal(2048 * KIB);
    // A burst is no lag, however large.
    while (peer.account.outstanding > 0)
      ledger.received(peer.account, Math.min(16 * KIB, peer.account.outstanding), 100);
    expect(peer.account.window).to.equal(2048 * KIB);
    for (let nowMs = 100; nowMs < 4_000; nowMs += 10) {
      ledger.consumed(peer.account, Math.min(4 * KIB, peer.account.held), nowMs);
      ledger.received(peer.account, Math.min(16 * KIB, peer.account.outstanding), nowMs);
    }
    expect(peer.account.window).to.be.at.most(256 * KIB);
  });

  it('raises the cap of a fast link and lowers it again', () => {
    const ledger = new CreditLedger();
    const peer = new Peer(ledger, 64 * KIB, 0);
    ledger.bind(peer.account, 'c1', 0);
    let nowMs = 0;
    const flow = (bytes: number, rounds: number): void => {
      for (let round = 0; round < rounds; round++) {
        nowMs += 10;
        const some = Math.min(bytes, peer.account.outstanding);
        ledger.received(peer.account, some, nowMs);
        ledger.consumed(peer.account, some, nowMs);
      }
    };
    flow(256 * KIB, 300);
    expect(ledger.linkState('c1')?.capBytes).to.be.greaterThan(2 * 1024 * KIB);
    flow(1 * KIB, 3_000);
    expect(ledger.linkState('c1')?.capBytes).to.equal(1024 * KIB);
  });

  it('offers less before the peer is known, the more channels are open', () => {
    const ledger = new CreditLedger();
    const offers = [0, 15, 16, 100, 10_000].map((open) => ledger.initialCredit(open, 64 * KIB));
    expect(offers).to.deep.equal([65_536, 65_536, 61_680, 10_381, 4_096]);
  });
});
