import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { residentBytes } from '../journeys/support/processes.ts';
import { until } from '../support/until.ts';
import { WORLD_TIMEOUT_MS } from '../support/world.ts';
import { type FaultWorld, faultWorld } from './support/fault-world.ts';
import { countBy } from './support/judge.ts';
import { say } from './support/say.ts';
import { type SlowReader, startSlowReader } from './support/slow-reader.ts';
import { callAsUser } from './support/user-call.ts';

const READERS = 300;
const BATCH = 25;
const STANDING_WITHIN_MS = 40_000;
const BATCH_DEADLINE_MS = 10_000;
const ANSWER_BYTES = 10 * 1024 * 1024;
const TAKEN_BYTES = 16;
const TAKEN_EVERY_MS = 2000;
const QUICK_REQUESTS = 250;
const QUICK_EVERY_MS = 20;
const WATCHED_MS = 5000;
const MIB = 1024 * 1024;
/** Of 3 GB that are asked for. Each reader costs a TLS socket, its window of credit and what its socket has not taken. */
const INGRESS_GROWTH_BOUND = 448 * MIB;
const CONNECTOR_GROWTH_BOUND = 448 * MIB;
/** Once all readers stand, memory stands too. */
const STANDING_GROWTH_BOUND = 32 * MIB;
/** What slow readers may add to a quick request, at the 99th of a hundred. */
const DELAY_BOUND_MS = 50;

describe('three hundred slow readers of 10 MB each', function manySlowReaders() {
  this.timeout(120_000);
  let faults: FaultWorld;
  const readers: SlowReader[] = [];

  before(async function startWorld() {
    this.timeout(WORLD_TIMEOUT_MS);
    faults = await faultWorld();
    await faults.whenWhole();
    // All of them on one connector and one link.
    await faults.second.stop();
  });

  after(async function endReaders() {
    this.timeout(WORLD_TIMEOUT_MS);
    for (const reader of readers) reader.close();
    await until(() => faults.origin.openRequests() === 0, { deadlineMs: 20_000, what: 'the origin has nothing open' });
    await faults.whenWhole();
  });

  const measure = async () => {
    const url = new URL('quick', faults.app.externalUrl).href;
    const { ca } = faults.world;
    const times: number[] = [];
    const failed: string[] = [];
    const running: Promise<void>[] = [];
    const ask = async () => {
      const startedAt = performance.now();
      const outcome = await callAsUser({ url, ca, judge: (body) => (body === 'ok' ? undefined : body) });
      times.push(performance.now() - startedAt);
      if (outcome.kind !== 'answered') failed.push(outcome.what);
    };
    for (let index = 0; index < QUICK_REQUESTS; index += 1) {
      running.push(ask());
      await delay(QUICK_EVERY_MS);
    }
    await Promise.all(running);
    expect(failed).to.deep.equal([]);
    times.sort((left, right) => left - right);
    return { p50: at(times, 0.5), p99: at(times, 0.99) };
  };
  const memory = async () => {
    const [ingress, connector] = await Promise.all(['ingress', 'connector'].map((name) => faults.pidOf(name)));
    return { ingress: residentBytes(ingress ?? 0), connector: residentBytes(connector ?? 0) };
  };

  it('cost bounded memory and delay nobody else by 50 ms', async function slowReaders() {
    const url = new URL(faults.app.externalUrl);
    const options = {
      port: Number(url.port),
      host: url.hostname,
      path: `/bytes/${ANSWER_BYTES}`,
      ca: faults.world.ca,
      bytes: TAKEN_BYTES,
      everyMs: TAKEN_EVERY_MS,
    };
    await measure();
    const [quiet, before] = [await measure(), await memory()];
    while (readers.length < READERS) {
      const batch = await Promise.all(Array.from({ length: BATCH }, () => startSlowReader(options)));
      readers.push(...batch);
      // One batch reads before the next asks: what is judged is that they stand there, not how fast they come.
      const isReading = () => batch.every((reader) => reader.bytes() > 0);
      await until(isReading, {
        deadlineMs: BATCH_DEADLINE_MS,
        everyMs: 5,
        what: 'a batch of readers has begun to read',
      });
    }
    expect(countBy(readers.map((reader) => reader.status()))).to.deep.equal({ 'HTTP/1.1 200 OK': READERS });
    // Sockets of both sides take megabytes before they are full.
    let sentBytes = -1;
    const isStanding = () => {
      const before = sentBytes;
      sentBytes = faults.origin.sentBytes();
      return sentBytes === before;
    };
    await until(isStanding, { deadlineMs: STANDING_WITHIN_MS, everyMs: 1000, what: 'all readers stand' });
    const standing = await memory();
    const busy = await measure();
    await delay(Math.max(0, WATCHED_MS - QUICK_REQUESTS * QUICK_EVERY_MS));
    const after = await memory();
    const cut = readers.filter((reader) => reader.isClosed()).length;
    const growth = { ingress: after.ingress - before.ingress, connector: after.connector - before.connector };
    const later = { ingress: after.ingress - standing.ingress, connector: after.connector - standing.connector };
    const openRequests = faults.origin.openRequests();
    say(this, {
      quiet,
      busy,
      growthMib: inMib(growth),
      laterMib: inMib(later),
      cut,
      openRequests,
      takenMib: Math.round(sentBytes / MIB),
    });
    expect(cut, 'readers that were cut').to.equal(0);
    expect(growth.ingress).to.be.below(INGRESS_GROWTH_BOUND);
    expect(growth.connector).to.be.below(CONNECTOR_GROWTH_BOUND);
    expect(later.ingress).to.be.below(STANDING_GROWTH_BOUND);
    expect(later.connector).to.be.below(STANDING_GROWTH_BOUND);
    expect(busy.p99 - quiet.p99).to.be.below(DELAY_BOUND_MS);
  });
});

function at(sorted: readonly number[], share: number): number {
  return Math.round((sorted[Math.floor(sorted.length * share)] ?? 0) * 10) / 10;
}

function inMib(bytes: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(bytes).map(([name, value]) => [name, Math.round(value / MIB)]));
}
