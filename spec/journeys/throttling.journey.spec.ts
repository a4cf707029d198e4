import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { AuditEvent } from '#libs/contracts';
import type { AnnouncedApp } from '../../services/launcher/src/announcement.ts';
import type { Answer } from '../support/https-call.ts';
import { until } from '../support/until.ts';
import { sharedWorld, WORLD_TIMEOUT_MS, type World } from '../support/world.ts';

const LIMIT = 20;
/** Sent at once, on connections of their own; the last of them are well inside the second of the first. */
const BURST = 80;
const APPLIED_WITHIN_MS = 5000;
const RECOVERED_WITHIN_MS = 10_000;

describe('an app with a limit of its own', function limitedApp() {
  this.timeout(30_000);
  let world: World;
  let limited: AnnouncedApp;

  before(async function startWorld() {
    this.timeout(WORLD_TIMEOUT_MS);
    world = await sharedWorld();
    limited = await world.publish({
      name: 'limited',
      internalUrl: world.app('status').internalUrl,
      preauthentication: 'passthrough',
    });
    await world.api('PUT', `/limits/${limited.id}`, { requestsPerSecond: LIMIT });
  });

  after(async () => {
    await world.api('DELETE', `/limits/${limited.id}`);
    await world.retire(limited);
  });

  const burst = (count: number) => Promise.all(Array.from({ length: count }, () => world.call(limited.externalUrl)));
  const statusesOf = (answers: readonly Answer[]) => answers.map(({ status }) => status);
  const exceeded = async () => {
    const { events } = (await world.api('GET', '/events?types=LimitExceeded&limit=1000')) as { events: AuditEvent[] };
    return events.filter((event) => JSON.stringify(event).includes(limited.id));
  };

  it('answers the requests beyond it with 429 and when to come again, others as ever', async () => {
    // Pushed to the ingress: from one burst to a later one it applies.
    let throttled: Answer | undefined;
    await until(
      async () => {
        throttled = (await burst(BURST)).find(({ status }) => status === 429);
        return throttled !== undefined;
      },
      { deadlineMs: APPLIED_WITHIN_MS, what: `more than ${LIMIT} requests a second are throttled` },
    );
    expect(throttled?.headers['retry-after']).to.match(/^[1-9]\d*$/);
    expect(throttled?.json()).to.include({ status: 429, code: 'SP-1101' });
    const startedAt = Date.now();
    const statuses = statusesOf(await burst(BURST));
    const seconds = (Date.now() - startedAt) / 1000;
    const passed = statuses.filter((status) => status === 200).length;
    expect(new Set(statuses)).to.deep.equal(new Set(passed === 0 ? [429] : [200, 429]));
    expect(passed, `let through in ${seconds} s`).to.be.at.most(LIMIT * (1 + seconds));
    const other = await Promise.all(Array.from({ length: BURST }, () => world.call(world.app('status').externalUrl)));
    expect(new Set(statusesOf(other))).to.deep.equal(new Set([200]));
  });

  it('leaves a LimitExceeded fact for those who look after it', async () => {
    await burst(BURST);
    await until(async () => (await exceeded()).length > 0, { deadlineMs: APPLIED_WITHIN_MS, what: 'LimitExceeded' });
    const [fact] = await exceeded();
    expect(fact).to.include({ type: 'LimitExceeded' });
    expect(JSON.stringify(fact?.data)).to.contain(String(LIMIT));
  });

  it('serves again as soon as requests stay below it', async () => {
    await until(async () => (await world.call(limited.externalUrl)).status === 200, {
      deadlineMs: RECOVERED_WITHIN_MS,
      everyMs: 250,
      what: 'served again',
    });
  });
});
