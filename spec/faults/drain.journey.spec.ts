import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { afterEach, before, describe, it } from 'mocha';
import { isRunning } from '../journeys/support/processes.ts';
import { until } from '../support/until.ts';
import { WORLD_TIMEOUT_MS } from '../support/world.ts';
import { type Balancer, startBalancer } from './support/balancer.ts';
import { type FaultWorld, faultWorld } from './support/fault-world.ts';
import { expectNothingWrong, judge } from './support/judge.ts';
import { say } from './support/say.ts';
import { type SecondIngress, startSecondIngress } from './support/second-ingress.ts';
import { type SteadyLoad, startSteadyLoad } from './support/steady-load.ts';

/** Streams run on for this long in a process that drains; then they end as they should. */
const DRAINING_MS = 3000;
/** After the last stream has ended nothing holds the process. */
const GONE_WITHIN_MS = 5000;
/** A restart of the hub that is shorter than this is waited for. */
const HELD_BOUND_MS = 10_000;
const HUB_BACK_WITHIN_MS = 10_000;
/** Requests that may have a message in the hub when it goes: those begun in the last and the next moments. */
const IN_FLIGHT_MS = 100;
const MAX_IN_FLIGHT = 12;
const ALL_STREAMS = { 'download answered': 4, 'upload answered': 4, 'events answered': 4 };

describe('a drain under load', function drainUnderLoad() {
  this.timeout(60_000);
  let faults: FaultWorld;
  let load: SteadyLoad | undefined;
  let ingress: SecondIngress | undefined;
  let balancer: Balancer | undefined;

  before(async function startWorld() {
    this.timeout(WORLD_TIMEOUT_MS);
    faults = await faultWorld();
    await faults.whenWhole();
  });

  afterEach(async () => {
    await load?.end();
    await balancer?.close();
    await ingress?.stop();
    [load, balancer, ingress] = [undefined, undefined, undefined];
    await faults.whenWhole();
  });

  const drain = async (pid: number, url: string) => {
    const { world, origin } = faults;
    load = await startSteadyLoad({ url, ca: world.ca, origin, keepAlive: false });
    const faultAt = performance.now();
    process.kill(pid, 'SIGTERM');
    await delay(DRAINING_MS);
    expect(isRunning(pid), 'it waits for what runs').to.equal(true);
    const report = await load.end();
    expectNothingWrong(report, origin);
    await until(() => !isRunning(pid), { deadlineMs: GONE_WITHIN_MS, what: 'the drained process has ended' });
    return judge(report, faultAt, 0);
  };

  it('of a connector fails nothing', async function connector() {
    const verdict = await drain(faults.second.pid(), faults.app.externalUrl);
    say(this, verdict);
    expect(verdict.failures).to.deep.equal({});
    expect(verdict.streams).to.deep.equal(ALL_STREAMS);
  });

  it('of the ingress ends all that has begun; new connections are refused', async function alone() {
    const verdict = await drain(await faults.pidOf('ingress'), faults.app.externalUrl);
    say(this, verdict);
    const { 'GET cut unconnected': gets = 0, 'POST cut unconnected': posts = 0, ...others } = verdict.failures;
    expect(others).to.deep.equal({});
    expect(gets + posts, 'connections that were refused').to.be.above(0);
    expect(verdict.streams).to.deep.equal(ALL_STREAMS);
  });

  it('of one of two ingresses behind a balancer fails nothing', async function ofTwo() {
    const { world, app } = faults;
    ingress = await startSecondIngress(world);
    const url = new URL(app.externalUrl);
    balancer = await startBalancer([Number(url.port), ingress.port]);
    url.port = String(balancer.port);
    const verdict = await drain(await faults.pidOf('ingress'), url.href);
    say(this, verdict);
    expect(verdict.failures).to.deep.equal({});
    expect(verdict.streams).to.deep.equal(ALL_STREAMS);
  });

  it('of the hub, which is away for a moment, makes requests wait and fails none that comes meanwhile', async function hub() {
    const { world, app, origin } = faults;
    load = await startSteadyLoad({ url: app.externalUrl, ca: world.ca, origin, keepAlive: false, withStreams: false });
    const pid = await faults.pidOf('hub');
    const faultAt = performance.now();
    process.kill(pid, 'SIGTERM');
    const isAnother = async () => (await faults.pidOf('hub')) !== pid;
    await until(isAnother, { deadlineMs: HUB_BACK_WITHIN_MS, what: 'another hub runs' });
    await delay(DRAINING_MS);
    const report = await load.end();
    expectNothingWrong(report, origin);
    const verdict = judge(report, faultAt, 0);
    const unlucky = report.samples.filter(({ outcome }) => outcome.kind !== 'answered');
    say(this, { ...verdict, unlucky: unlucky.length });
    // What was on the hub's own sockets at that instant is lost with it: told, never sent twice.
    const begunBefore = unlucky.filter(({ startedAt }) => startedAt <= faultAt + IN_FLIGHT_MS);
    expect(unlucky.length - begunBefore.length, JSON.stringify(verdict)).to.equal(0);
    expect(begunBefore.length, JSON.stringify(verdict)).to.be.at.most(MAX_IN_FLIGHT);
    expect(verdict.slowestAfterMs).to.be.below(HELD_BOUND_MS);
  });
});
