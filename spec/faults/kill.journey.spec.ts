import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { afterEach, before, describe, it } from 'mocha';
import { until } from '../support/until.ts';
import { WORLD_TIMEOUT_MS } from '../support/world.ts';
import { type FaultWorld, faultWorld, leafOf } from './support/fault-world.ts';
import { expectNothingWrong, judge, type Verdict } from './support/judge.ts';
import { say } from './support/say.ts';
import { type SteadyLoad, startSteadyLoad } from './support/steady-load.ts';

/** Another connector of the group is there: requests begun later than this all succeed. */
const FAILOVER_BOUND_MS = 2000;
/** Requests wait for the hub while it is away: only what was under way at that instant may fail. */
const HELD_BOUND_MS = 1000;
/** Nothing takes over for the ingress of an all-in-one system: the launcher starts it again. */
const RESTART_BOUND_MS = 6000;
/** A connector that stays away is given up within 5 s of silence; so are its streams. */
const END_BOUND_MS = 5000;
/** A link that is back is asked at once what was lost on the old one: the restart, a poll each second, one heartbeat. */
const RELINKED_END_BOUND_MS = 6000;
const OBSERVED_MS = 3000;
/** The launcher starts a hub again at once, unless it stands still itself. What is back after this has 1.5 s to spare. */
const LONG_AWAY_MS = 8500;

describe('kill -9 under load', function killUnderLoad() {
  this.timeout(60_000);
  let faults: FaultWorld;
  let load: SteadyLoad | undefined;

  before(async function startWorld() {
    this.timeout(WORLD_TIMEOUT_MS);
    faults = await faultWorld();
    await faults.whenWhole();
  });

  afterEach(async () => {
    await load?.end();
    load = undefined;
    await faults.whenWhole();
  });

  /** Kills, watches until the bound and somewhat longer, and says what users saw. */
  const observe = async (pid: number, bound: { readonly recoveryMs: number; readonly endMs: number }) => {
    const { world, app, origin } = faults;
    load = await startSteadyLoad({ url: app.externalUrl, ca: world.ca, origin });
    const streams = load.openStreams();
    const faultAt = performance.now();
    process.kill(pid, 'SIGKILL');
    await waitForRecovery(load, faultAt, bound.recoveryMs);
    await delay(OBSERVED_MS);
    const report = await load.end();
    expectNothingWrong(report, origin);
    const verdict = judge(report, faultAt, bound.recoveryMs);
    expect(report.streams).to.have.length(streams);
    expect(verdict.recoveredMs, JSON.stringify(verdict)).to.be.below(bound.recoveryMs);
    expect(verdict.lastCutMs, JSON.stringify(verdict)).to.be.below(bound.endMs);
    const begunBefore = report.samples.filter(({ startedAt }) => startedAt <= faultAt);
    const slowestMs = Math.max(...begunBefore.map(({ endedAt }) => endedAt - faultAt));
    expect(slowestMs, 'the end of a request that was under way').to.be.below(bound.endMs);
    return verdict;
  };

  it('of a connector: the other one takes over in 2 s, what ran on it ends clearly', async function connector() {
    const verdict = await observe(await faults.pidOf('connector'), {
      recoveryMs: FAILOVER_BOUND_MS,
      endMs: END_BOUND_MS,
    });
    say(this, verdict);
    expectSomeCut(verdict);
  });

  it('of a connector that nobody starts again', async function second() {
    const verdict = await observe(faults.second.pid(), { recoveryMs: FAILOVER_BOUND_MS, endMs: END_BOUND_MS });
    say(this, verdict);
    expectSomeCut(verdict);
  });

  it('of the leaf of a connector', async function leaf() {
    const verdict = await observe(leafOf(faults.second.pid()), {
      recoveryMs: FAILOVER_BOUND_MS,
      endMs: RELINKED_END_BOUND_MS,
    });
    say(this, verdict);
    // A stream that had nothing on the link at that instant may well live on: only bytes that were lost end one.
    expect(Object.keys(verdict.streams).some((name) => name.endsWith('answered'))).to.equal(true);
  });

  it('of the hub: the system serves again', async function hub() {
    const verdict = await observe(await faults.pidOf('hub'), {
      recoveryMs: HELD_BOUND_MS,
      endMs: RELINKED_END_BOUND_MS,
    });
    say(this, verdict);
  });

  it('of the hub, which stays away for 8.5 s: what was asked meanwhile is answered', async function longHub() {
    const launcher = faults.world.start.child;
    launcher.kill('SIGSTOP');
    const back = delay(LONG_AWAY_MS).then(() => launcher.kill('SIGCONT'));
    try {
      const verdict = await observe(await faults.pidOf('hub'), {
        recoveryMs: HELD_BOUND_MS,
        endMs: LONG_AWAY_MS + RELINKED_END_BOUND_MS,
      });
      say(this, verdict);
    } finally {
      await back;
    }
  });

  it('of the ingress: nothing of it looks whole, the system serves again', async function ingress() {
    const verdict = await observe(await faults.pidOf('ingress'), {
      recoveryMs: RESTART_BOUND_MS,
      endMs: FAILOVER_BOUND_MS,
    });
    say(this, verdict);
    expect(verdict.streams).to.deep.equal({ 'download cut': 4, 'upload cut': 4, 'events cut': 4 });
  });
});

/** Until requests are answered that began after the fault and after the last failure. */
async function waitForRecovery(load: SteadyLoad, faultAt: number, boundMs: number): Promise<void> {
  const isRecovered = () => {
    const since = load.samples.filter(({ startedAt }) => startedAt > faultAt);
    return since.slice(-10).filter(({ outcome }) => outcome.kind === 'answered').length === 10;
  };
  await until(isRecovered, { deadlineMs: boundMs + 10_000, what: 'requests are answered again' });
}

/** Four streams of each kind on two connectors: some ran on the victim, others did not and must not notice. */
function expectSomeCut({ streams }: Verdict): void {
  const ended = Object.entries(streams);
  const sum = (kind: RegExp) =>
    ended.filter(([name]) => kind.test(name)).reduce((total, [, count]) => total + count, 0);
  expect(sum(/cut|refused/), JSON.stringify(streams)).to.be.above(0);
  expect(sum(/answered/), JSON.stringify(streams)).to.be.above(0);
}
