import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { AnnouncedApp } from '../../services/launcher/src/announcement.ts';
import { until } from '../support/until.ts';
import { WORLD_TIMEOUT_MS } from '../support/world.ts';
import { type FaultOrigin, startFaultOrigin } from './support/fault-origin.ts';
import { type FaultWorld, faultWorld, registerConnector, type SecondConnector } from './support/fault-world.ts';
import { expectNothingWrong, judge } from './support/judge.ts';
import { makeNetworkCell, type NetworkCell, whyNoNetworkCell } from './support/network-cell.ts';
import { say } from './support/say.ts';
import { type SteadyLoad, startSteadyLoad } from './support/steady-load.ts';

const FOUND_BOUND_MS = 5000;
const SLOWEST_AFTER_MS = 1500;
/** A new connector is found as the queue of its group draws it, which is now and then. */
const USED_WITHIN_MS = 15_000;
const CUT_MS = 9000;
const HEALED_MS = 4000;

describe('a connector whose network is cut', function cutNetwork() {
  this.timeout(60_000);
  let faults: FaultWorld;
  let folder: string;
  let cell: NetworkCell | undefined;
  let remote: SecondConnector | undefined;
  let origin: FaultOrigin | undefined;
  let app: AnnouncedApp | undefined;
  let load: SteadyLoad | undefined;

  before(async function startWorld() {
    this.timeout(WORLD_TIMEOUT_MS);
    const why = whyNoNetworkCell();
    if (why !== undefined) {
      for (const test of this.test?.parent?.tests ?? []) test.title += ` (skipped: ${why})`;
      this.skip();
    }
    faults = await faultWorld();
    // The embedded connector and the one behind the link: a third would only dilute the load.
    await faults.second.stop();
    folder = await mkdtemp(join(tmpdir(), 'sallyport-cell-'));
    cell = await makeNetworkCell(folder);
    const ports = JSON.parse(await readFile(join(faults.world.ready.dataDir, 'ports.json'), 'utf8')) as PortsFile;
    await cell.expose(ports.hubLeaf);
    await cell.expose(Number(new URL(faults.world.system.connectorEndpointUrl).port));
    origin = await startFaultOrigin(cell.hostAddress);
    app = await faults.world.publish({
      name: 'remote',
      internalUrl: `http://${cell.hostAddress}:${origin.port}/`,
      preauthentication: 'passthrough',
    });
    remote = await registerConnector(faults.world, 'remote', cell.prefix);
    await remote.ensureOnline();
    const { callers } = origin;
    const [url, address] = [app.externalUrl, cell.cellAddress];
    const isUsed = async () => (await faults.world.call(url)).status === 200 && callers.has(address);
    await until(isUsed, { deadlineMs: USED_WITHIN_MS, everyMs: 1, what: 'the connector behind the link is used' });
  });

  after(async function endAll() {
    this.timeout(WORLD_TIMEOUT_MS);
    await cell?.heal();
    await load?.end();
    await remote?.stop();
    if (app) await faults.world.retire(app);
    await origin?.close();
    await cell?.remove();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  it('is found in 5 s though nobody was told; nothing is answered twice when the network is back', async function cut() {
    if (!cell || !origin || !app) throw new Error('not started');
    load = await startSteadyLoad({ url: app.externalUrl, ca: faults.world.ca, origin });
    const faultAt = performance.now();
    await cell.cut();
    await delay(CUT_MS);
    const openStreams = load.openStreams();
    await cell.heal();
    await delay(HEALED_MS);
    const report = await load.end();
    expectNothingWrong(report, origin);
    const verdict = judge(report, faultAt, FOUND_BOUND_MS);
    say(this, { ...verdict, openStreams });
    expect(verdict.recoveredMs, JSON.stringify(verdict)).to.be.below(FOUND_BOUND_MS);
    expect(verdict.slowestAfterMs, JSON.stringify(verdict)).to.be.below(SLOWEST_AFTER_MS);
    expect(verdict.lastCutMs, JSON.stringify(verdict)).to.be.below(CUT_MS);
    expect(openStreams, 'streams of the other connector run on').to.be.above(0);
    await remote?.ensureOnline();
  });
});

type PortsFile = { readonly hubLeaf: number };
