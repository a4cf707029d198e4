import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { afterEach, before, describe, it } from 'mocha';
import { WORLD_TIMEOUT_MS } from '../support/world.ts';
import { type FaultWorld, faultWorld, leafOf } from './support/fault-world.ts';
import { expectNothingWrong, judge } from './support/judge.ts';
import { say } from './support/say.ts';
import { type SteadyLoad, startSteadyLoad } from './support/steady-load.ts';

/** A silent connector or leaf is found in this time: requests begun later succeed, and at once. */
const FOUND_BOUND_MS = 5000;
/** Meanwhile a request that meets it goes elsewhere when nobody has accepted it in a second; it may meet it again. */
const SLOWEST_AFTER_MS = 1500;
/** Bytes may be on their way for as long as the freeze lasts, so it lasts longer than it takes to be found. */
const FROZEN_MS = 9000;
const THAWED_MS = 3000;
/** Below the 4.5 s after which a connector that is not heard of is lost, and within the 10 s requests wait for the hub. */
const SHORT_FREEZE_MS = 4000;

describe('a frozen process under load', function frozenUnderLoad() {
  this.timeout(60_000);
  let faults: FaultWorld;
  let load: SteadyLoad | undefined;
  let frozen: number | undefined;

  before(async function startWorld() {
    this.timeout(WORLD_TIMEOUT_MS);
    faults = await faultWorld();
    await faults.whenWhole();
  });

  const thaw = () => {
    if (frozen !== undefined) process.kill(frozen, 'SIGCONT');
    frozen = undefined;
  };

  afterEach(async () => {
    thaw();
    await load?.end();
    load = undefined;
    await faults.whenWhole();
  });

  const observe = async (pid: number, frozenMs = FROZEN_MS) => {
    const { world, app, origin } = faults;
    load = await startSteadyLoad({ url: app.externalUrl, ca: world.ca, origin });
    const faultAt = performance.now();
    frozen = pid;
    process.kill(pid, 'SIGSTOP');
    await delay(frozenMs);
    const streamsFound = load.openStreams();
    thaw();
    await delay(THAWED_MS);
    const report = await load.end();
    // What the frozen one held comes out now: it must meet nobody.
    expectNothingWrong(report, origin);
    return { ...judge(report, faultAt, FOUND_BOUND_MS), streamsFound };
  };

  for (const [name, find] of [
    ['a connector', (whole: FaultWorld) => whole.second.pid()],
    ['the leaf of a connector', (whole: FaultWorld) => leafOf(whole.second.pid())],
  ] as const) {
    it(`${name}, is found in 5 s; nothing is answered twice when it goes on`, async function freeze() {
      const verdict = await observe(find(faults));
      say(this, verdict);
      expect(verdict.recoveredMs, JSON.stringify(verdict)).to.be.below(FOUND_BOUND_MS);
      expect(verdict.slowestAfterMs, JSON.stringify(verdict)).to.be.below(SLOWEST_AFTER_MS);
      expect(verdict.lastCutMs, JSON.stringify(verdict)).to.be.below(FROZEN_MS);
      expect(verdict.streamsFound, 'streams of the other connector run on').to.be.above(0);
    });
  }

  for (const [name, victim] of [
    ['the hub', 'hub'],
    ['the ingress', 'ingress'],
  ] as const) {
    it(`${name}, for 4 s: requests wait, none fails, and streams go on`, async function shortFreeze() {
      const verdict = await observe(await faults.pidOf(victim), SHORT_FREEZE_MS);
      say(this, verdict);
      expect(verdict.failures, JSON.stringify(verdict)).to.deep.equal({});
      expect(verdict.answered).to.be.above(0);
      expect(Object.keys(verdict.streams).sort()).to.deep.equal([
        'download answered',
        'events answered',
        'upload answered',
      ]);
    });
  }
});
