import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { after, afterEach, before, describe, it } from 'mocha';
import { residentBytes } from '../journeys/support/processes.ts';
import { bundle, creditPacket, dataPacket, headPacket, packet } from '../libs/tunnel-protocol/packets.ts';
import { until } from '../support/until.ts';
import { WORLD_TIMEOUT_MS } from '../support/world.ts';
import { echoOf } from './support/fault-origin.ts';
import { type FaultWorld, faultWorld } from './support/fault-world.ts';
import { expectNothingWrong, judge } from './support/judge.ts';
import { type RogueConnector, startRogueConnector, type TakenRequest } from './support/rogue-connector.ts';
import { say } from './support/say.ts';
import { startSteadyLoad } from './support/steady-load.ts';
import { callAsUser, type Outcome } from './support/user-call.ts';

const ACCEPT = 0x02;
const TAKEN_WITHIN_MS = 20_000;
/** Of one request that the rogue spoilt, whatever it did; probes and deadlines have no part in it. */
const END_WITHIN_MS = 8000;
const HEARD_REQUESTS = 20;
const FLOOD_MESSAGES = 500;
const FLOOD_BYTES = 60_000;
const FLUSH_EVERY = 50;
const GROWTH_BOUND = 96 * 1024 * 1024;
/** After the last byte of the flood. */
const RECOVERY_BOUND_MS = 2000;
const AFTER_FLOOD_MS = 3500;
/** A flood takes processor time from everybody on this machine; it must not take seconds. */
const SLOWEST_BOUND_MS = 2000;

describe('somebody with the credentials and the leaf of a connector', function rogueConnector() {
  this.timeout(60_000);
  let faults: FaultWorld;
  let rogue: RogueConnector;
  let requests = 0;

  before(async function startWorld() {
    this.timeout(WORLD_TIMEOUT_MS);
    faults = await faultWorld();
    await faults.whenWhole();
    await faults.second.stop();
    rogue = await startRogueConnector(faults.second.stateDir);
  });

  after(async function stopRogue() {
    this.timeout(WORLD_TIMEOUT_MS);
    await rogue?.stop();
    await faults.whenWhole();
  });

  afterEach(async () => {
    const answer = await faults.world.call(faults.app.externalUrl);
    expect(answer.status).to.equal(200);
  });

  type Victim = TakenRequest & { readonly outcome: Promise<Outcome>; readonly id: string };

  /** Sends requests until the rogue has drawn one from the queue. */
  const takeOne = async (send?: string): Promise<Victim> => {
    const taking = rogue.takeRequest();
    let taken: TakenRequest | undefined;
    void taking.then((request) => {
      taken = request;
    });
    const deadline = performance.now() + TAKEN_WITHIN_MS;
    while (performance.now() < deadline) {
      requests += 1;
      const id = `rogue-${requests}`;
      let isOver = false;
      const outcome = callAsUser({
        url: new URL(`echo/${id}`, faults.app.externalUrl).href,
        ca: faults.world.ca,
        timeoutMs: END_WITHIN_MS,
        ...(send === undefined ? {} : { method: 'POST', send: (sending) => sending.end(send) }),
        judge: (body) => (body === echoOf(id) ? undefined : `answer of ${id} is ${body.slice(0, 40)}`),
      });
      void outcome.then(() => {
        isOver = true;
      });
      await until(() => isOver || taken !== undefined, { deadlineMs: END_WITHIN_MS, everyMs: 2 });
      if (taken !== undefined && !isOver) return { ...taken, outcome, id };
      expect((await outcome).kind).to.equal('answered');
    }
    throw new Error('the queue never drew the rogue');
  };
  const answerAs = (to: { readonly ingressId: string; readonly as?: string }, packets: readonly Uint8Array[]) =>
    rogue.connection.publish(`tun.i.${to.ingressId}.${to.as ?? rogue.connectorId}.b`, bundle(packets));

  it('who answers in the name of another connector is not heard: the user gets the answer of the origin', async () => {
    const { connectors } = (await faults.world.api('GET', '/connectors')) as {
      connectors: readonly { readonly id: string; readonly name: string }[];
    };
    const honest = connectors.find(({ name }) => name === 'embedded')?.id ?? '';
    const { ingressId, channel, outcome, id } = await takeOne();
    answerAs({ ingressId, as: honest }, [headPacket(0, 200, 0x01, channel)]);
    expect(await outcome).to.deep.equal({ kind: 'answered' });
    expect(faults.origin.counts.get(id)).to.equal(1);
  });

  it('who answers a channel that is no longer its own changes nothing', async () => {
    const { ingressId, channel, outcome, id } = await takeOne();
    expect(await outcome).to.deep.equal({ kind: 'answered' });
    const next = takeOne();
    for (let sequence = 0; sequence < 5; sequence += 1)
      answerAs({ ingressId }, [headPacket(sequence, 200, 0x01, channel)]);
    expect(faults.origin.counts.get(id)).to.equal(1);
    expect(await (await next).outcome).to.deep.equal({ kind: 'answered' });
  });

  it('who sends more than it was allowed is cut off: the user learns that the answer is not whole', async () => {
    const { ingressId, channel, outcome } = await takeOne();
    answerAs({ ingressId }, [headPacket(0, 200, 0, channel)]);
    for (let sequence = 1; sequence < 400; sequence += 1)
      answerAs({ ingressId }, [dataPacket(sequence, Buffer.alloc(60_000), channel)]);
    expect((await outcome).kind).to.equal('cut');
  });

  it('who grants credit without end does not get the body, and the user is told', async () => {
    const { ingressId, channel, outcome, id } = await takeOne('a body');
    const grants = [packet(0, [[ACCEPT, 0, Buffer.alloc(0)]], { channel })];
    for (let sequence = 1; sequence < 6; sequence += 1) grants.push(creditPacket(sequence, 16 * 1024 * 1024, channel));
    answerAs({ ingressId }, grants);
    expect(await outcome).to.deep.equal({ kind: 'refused', what: '502 "SP-1311"' });
    expect(faults.origin.counts.has(id)).to.equal(false);
  });

  it('hears nothing of what is meant for other connectors and other groups', async () => {
    const heard: string[] = [];
    // Its own group is its own affair; everything else is not.
    const isOwn = (subject: string) => subject.includes(rogue.connectorId) || subject === 'tun.g.default.req';
    const subjects = ['tun.i.>', 'tun.c.*.*.b', 'tun.g.*.req', 'tun.g.private.req', 'prs.c.*', 'evt.>', 'cmd.>'];
    const subscriptions = subjects.map((subject) =>
      rogue.connection.subscribe(subject, {
        callback: (error, message) => {
          if (!error && !isOwn(message.subject)) heard.push(message.subject);
        },
      }),
    );
    await rogue.connection.flush();
    const { world, origin } = faults;
    await world.api('POST', '/connector-groups', { id: 'private', name: 'Private' });
    const other = await world.publish({
      name: 'private',
      internalUrl: `http://127.0.0.1:${origin.port}/`,
      preauthentication: 'passthrough',
      connectorGroupId: 'private',
    });
    for (let index = 0; index < HEARD_REQUESTS; index += 1) await world.call(faults.app.externalUrl);
    for (let index = 0; index < HEARD_REQUESTS; index += 1) await world.call(other.externalUrl);
    for (const subscription of subscriptions) subscription.unsubscribe();
    await world.retire(other);
    expect(heard).to.deep.equal([]);
  });

  it('who floods the ingress costs it no memory, crosses no answer and breaks no stream; it serves again at once', async function flood() {
    const { ingressId, outcome } = await takeOne();
    const { world, app, origin } = faults;
    const load = await startSteadyLoad({ url: app.externalUrl, ca: world.ca, origin });
    const ingress = await faults.pidOf('ingress');
    const before = residentBytes(ingress);
    const startedAt = performance.now();
    const garbage = Buffer.alloc(FLOOD_BYTES, 0x01);
    const whole = bundle([dataPacket(7, garbage)]);
    for (let index = 0; index < FLOOD_MESSAGES; index += 1) {
      const subject = `tun.i.${ingressId}.${rogue.connectorId}.b`;
      rogue.connection.publish(subject, index % 2 === 0 ? garbage : whole);
      if (index % FLUSH_EVERY === 0) await rogue.connection.flush();
    }
    await rogue.connection.flush();
    await outcome;
    const floodedAt = performance.now();
    const floodedMs = Math.round(performance.now() - startedAt);
    const growth = residentBytes(ingress) - before;
    await delay(AFTER_FLOOD_MS);
    const report = await load.end();
    expectNothingWrong(report, origin);
    const verdict = judge(report, startedAt, 0);
    say(this, { ...verdict, floodedMs, growthMib: Math.round(growth / 1024 / 1024) });
    // Who finds no room beside the flood is told so, and asks again.
    const told = Object.keys(verdict.failures).filter((what) => !what.endsWith('refused 503 "SP-1306"'));
    expect(told).to.deep.equal([]);
    const late = judge(report, floodedAt, RECOVERY_BOUND_MS);
    expect(late.recoveredMs, JSON.stringify(verdict)).to.be.below(RECOVERY_BOUND_MS);
    expect(late.slowestAfterMs, JSON.stringify(verdict)).to.be.below(SLOWEST_BOUND_MS);
    expect(Object.keys(verdict.streams).filter((name) => !name.endsWith('answered'))).to.deep.equal([]);
    expect(growth).to.be.below(GROWTH_BOUND);
  });
});
