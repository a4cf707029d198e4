import { expect } from 'chai';
import { after, afterEach, before, describe, it } from 'mocha';
import { isRunning } from '../journeys/support/processes.ts';
import { until } from '../support/until.ts';
import { WORLD_TIMEOUT_MS } from '../support/world.ts';
import { type FaultWorld, faultWorld } from './support/fault-world.ts';
import { countBy } from './support/judge.ts';
import { openPlainSocket, type SocketOrigin, type SocketUser, startSocketOrigin } from './support/plain-sockets.ts';
import { say } from './support/say.ts';

/** Enough that each of two connectors has some. */
const SOCKETS = 16;
/** All are told at once, and answer at once; records may take 4 s to be stored. */
const INGRESS_GONE_WITHIN_MS = 8_000;
/** The connector waits 20 s for what runs before it ends it. */
const CONNECTOR_GONE_WITHIN_MS = 26_000;
const LOST_WITHIN_MS = 5_000;

describe('WebSockets of a process that goes', function socketsThatGo() {
  this.timeout(60_000);
  let faults: FaultWorld;
  let origin: SocketOrigin;
  let url: string;
  let users: SocketUser[] = [];

  before(async function startSockets() {
    this.timeout(WORLD_TIMEOUT_MS);
    faults = await faultWorld();
    origin = await startSocketOrigin();
    const app = await faults.world.publish({
      name: 'sockets',
      internalUrl: `http://127.0.0.1:${origin.port}/`,
      preauthentication: 'passthrough',
    });
    url = app.externalUrl;
    await faults.whenWhole();
  });
  after(() => origin.close());
  afterEach(async () => {
    for (const user of users) user.destroy();
    await until(() => origin.open() === 0, { what: 'the origin is rid of its WebSockets' });
    await faults.whenWhole();
  });

  const openAll = async () => {
    await until(() => faults.world.call(url).then(({ status }) => status === 200));
    users = await Promise.all(Array.from({ length: SOCKETS }, () => openPlainSocket(url, faults.world.ca)));
    return origin.closes.length;
  };
  const closes = () => users.flatMap(({ closed }) => closed ?? []);
  /** Those that were not closed still carry something. */
  const expectOthersAlive = async () => {
    origin.ping();
    const isEachKnown = () => users.every(({ closed, pings }) => closed !== undefined || pings === 1);
    await until(isEachKnown, { what: 'a ping on each that is open' });
    expect(closes().length, 'those on the other connector').to.be.below(SOCKETS);
  };

  it('are closed on both sides when the ingress drains, which they do not hold', async function ingress() {
    const before = await openAll();
    const pid = await faults.pidOf('ingress');
    const since = performance.now();
    process.kill(pid, 'SIGTERM');
    await until(() => !isRunning(pid), { deadlineMs: INGRESS_GONE_WITHIN_MS, what: 'the ingress has ended' });
    say(this, { goneMs: Math.round(performance.now() - since) });
    await until(() => closes().length === SOCKETS);
    expect(countBy(closes())).to.deep.equal({ 1001: SOCKETS });
    expect(countBy(origin.closes.slice(before))).to.deep.equal({ 1001: SOCKETS });
  });

  it('are closed when their connector was killed, the others go on', async function killed() {
    await openAll();
    const since = performance.now();
    process.kill(faults.second.pid(), 'SIGKILL');
    await until(() => closes().length > 0, { deadlineMs: LOST_WITHIN_MS, what: 'the first close' });
    say(this, { firstMs: Math.round(performance.now() - since) });
    await expectOthersAlive();
    expect(countBy(closes())).to.deep.equal({ '1011 SP-1304': closes().length });
  });

  it('are closed on both sides at the end of the drain of their connector, the others go on', async function drained() {
    const before = await openAll();
    const pid = faults.second.pid();
    process.kill(pid, 'SIGTERM');
    await until(() => !isRunning(pid), { deadlineMs: CONNECTOR_GONE_WITHIN_MS, what: 'the connector has ended' });
    await until(() => closes().length > 0, { what: 'the first close' });
    await expectOthersAlive();
    expect(countBy(closes())).to.deep.equal({ '1012 SP-1313': closes().length });
    expect(countBy(origin.closes.slice(before))).to.deep.equal({ 1001: closes().length });
  });
});
