import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { after, afterEach, before, describe, it } from 'mocha';
import { residentBytes } from '../journeys/support/processes.ts';
import { until } from '../support/until.ts';
import { WORLD_TIMEOUT_MS } from '../support/world.ts';
import { type FaultWorld, faultWorld } from './support/fault-world.ts';
import { countBy } from './support/judge.ts';
import { say } from './support/say.ts';
import { type SlowReader, type SlowReaderOptions, startSlowReader, startSlowStreams } from './support/slow-reader.ts';
import { callAsUser } from './support/user-call.ts';

const STANDING_WITHIN_MS = 40_000;
const BATCH_DEADLINE_MS = 10_000;
const TAKEN_BYTES = 16;
const TAKEN_EVERY_MS = 2000;
const QUICK_REQUESTS = 250;
const QUICK_EVERY_MS = 20;
const WATCHED_MS = 5000;
const MIB = 1024 * 1024;
const DOWNLOAD_BYTES = 64 * MIB;
/** What a fast reader keeps of its speed at least, among those who stand there: with all windows at 4 KiB it was 9 of 125 MiB/s. */
const DOWNLOAD_SHARE = 0.3;
/** Once all readers stand, memory stands too. */
const STANDING_GROWTH_BOUND = 32 * MIB;
/** What slow readers may add to a quick request, at the 99th of a hundred. */
const DELAY_BOUND_MS = 50;

type Crowd = {
  readonly what: string;
  readonly status: string;
  readonly answerBytes: number;
  readonly readers: number;
  /** Asked for together; they read before the next ask: judged is that they stand there, not how fast they come. */
  readonly batch: number;
  start(options: SlowReaderOptions, count: number): Promise<readonly SlowReader[]>;
  readonly growthBound: { readonly ingress: number; readonly connector: number };
};

const CROWDS: readonly Crowd[] = [
  {
    what: 'a thousand slow readers of 1 MB over HTTP/2',
    status: 'HTTP/2 200',
    answerBytes: MIB,
    readers: 1_000,
    batch: 50,
    start: (options, count) => startSlowStreams({ ...options, streams: count }),
    growthBound: { ingress: 192 * MIB, connector: 208 * MIB },
  },
  {
    // Buffers of their sockets take 5 MB for each: more of them, and all sockets of one machine run out of memory (tcp_mem).
    what: 'two hundred slow readers of 10 MB over HTTP/1.1',
    status: 'HTTP/1.1 200 OK',
    answerBytes: 10 * MIB,
    readers: 200,
    batch: 25,
    start: (options, count) => Promise.all(Array.from({ length: count }, () => startSlowReader(options))),
    growthBound: { ingress: 192 * MIB, connector: 208 * MIB },
  },
];

describe('slow readers', function slowReaders() {
  this.timeout(120_000);
  let faults: FaultWorld;
  /** Before the first crowd: what one has left behind counts for the next. */
  let atFirst: { ingress: number; connector: number };
  let quiet: { p50: number; p99: number };
  let quietMibPerSecond: number;
  let readers: SlowReader[] = [];

  before(async function startWorld() {
    this.timeout(WORLD_TIMEOUT_MS);
    faults = await faultWorld();
    await faults.whenWhole();
    // All of them on one connector and one link.
    await faults.second.stop();
    await measure();
    quiet = await measure();
    await download();
    quietMibPerSecond = await download();
    atFirst = await memory();
  });

  afterEach(async () => {
    for (const reader of readers) reader.close();
    readers = [];
    await until(() => faults.origin.openRequests() === 0, { deadlineMs: 20_000, what: 'the origin has nothing open' });
  });

  after(async function mend() {
    this.timeout(WORLD_TIMEOUT_MS);
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
  /** Speed of one user who reads as fast as he can. */
  const download = async () => {
    const { hostname, port } = new URL(faults.app.externalUrl);
    const path = `/bytes/${DOWNLOAD_BYTES}`;
    const startedAt = performance.now();
    const from = { host: '127.0.0.1', port, path, ca: faults.world.ca, servername: hostname, agent: false };
    const asked = get({ ...from, headers: { host: `${hostname}:${port}` } });
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    let bytes = 0;
    answer.on('data', (piece: Buffer) => {
      bytes += piece.length;
    });
    await once(answer, 'end');
    expect(bytes).to.equal(DOWNLOAD_BYTES);
    return Math.round(bytes / MIB / ((performance.now() - startedAt) / 1000));
  };
  const memory = async () => {
    const [ingress, connector] = await Promise.all(['ingress', 'connector'].map((name) => faults.pidOf(name)));
    return { ingress: residentBytes(ingress ?? 0), connector: residentBytes(connector ?? 0) };
  };

  for (const crowd of CROWDS)
    it(`${crowd.what} cost bounded memory and delay nobody else by 50 ms`, async function slowCrowd() {
      const url = new URL(faults.app.externalUrl);
      const options = {
        port: Number(url.port),
        host: url.hostname,
        path: `/bytes/${crowd.answerBytes}`,
        ca: faults.world.ca,
        bytes: TAKEN_BYTES,
        everyMs: TAKEN_EVERY_MS,
      };
      while (readers.length < crowd.readers) {
        const batch = await crowd.start(options, crowd.batch);
        readers.push(...batch);
        const isReading = () => batch.every((reader) => reader.bytes() > 0);
        await until(isReading, {
          deadlineMs: BATCH_DEADLINE_MS,
          everyMs: 5,
          what: 'a batch of readers has begun to read',
        });
      }
      expect(countBy(readers.map((reader) => reader.status()))).to.deep.equal({ [crowd.status]: crowd.readers });
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
      const growth = { ingress: after.ingress - atFirst.ingress, connector: after.connector - atFirst.connector };
      const later = { ingress: after.ingress - standing.ingress, connector: after.connector - standing.connector };
      const mibPerSecond = { quiet: quietMibPerSecond, busy: await download() };
      const openRequests = faults.origin.openRequests();
      say(this, {
        quiet,
        busy,
        growthMib: inMib(growth),
        laterMib: inMib(later),
        mibPerSecond,
        cut,
        openRequests,
        takenMib: Math.round(sentBytes / MIB),
      });
      expect(cut, 'readers that were cut').to.equal(0);
      expect(growth.ingress).to.be.below(crowd.growthBound.ingress);
      expect(growth.connector).to.be.below(crowd.growthBound.connector);
      expect(later.ingress).to.be.below(STANDING_GROWTH_BOUND);
      expect(later.connector).to.be.below(STANDING_GROWTH_BOUND);
      expect(busy.p99 - quiet.p99).to.be.below(DELAY_BOUND_MS);
      expect(mibPerSecond.busy).to.be.above(mibPerSecond.quiet * DOWNLOAD_SHARE);
    });
});

function at(sorted: readonly number[], share: number): number {
  return Math.round((sorted[Math.floor(sorted.length * share)] ?? 0) * 10) / 10;
}

function inMib(bytes: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(bytes).map(([name, value]) => [name, Math.round(value / MIB)]));
}
