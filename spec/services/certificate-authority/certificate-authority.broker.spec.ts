import { readFileSync } from 'node:fs';
import { jetstream } from '@nats-io/jetstream';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { errors } from 'nats';
import type { z } from 'zod';
import { certificateAggregate, changeConnector, connectorRefusalAggregate, newId } from '#libs/contracts';
import { type EventStore, openEventStore } from '#libs/events';
import { callEndpoint } from '#libs/messaging';
import { readAuthority } from '#libs/pki';
import { connectRawLeaf, type RawLeaf } from '../../support/raw-leaf.ts';
import { until } from '../../support/until.ts';
import { expectRefused, foreignIdentity, identityFrom } from './identities.ts';
import { type AuthorityWorld, type ClientIdentity, type Registered, startAuthorityWorld, TENANT } from './support.ts';

describe('certificate authority over a real hub', function authoritySpecs() {
  this.timeout(30_000);
  let world: AuthorityWorld;
  let store: EventStore;

  before(async () => {
    world = await startAuthorityWorld();
    const core = await world.broker.connectAs('audit', 'core');
    store = await openEventStore(core, [certificateAggregate, connectorRefusalAggregate]);
  });
  after(() => world?.stop());

  describe('a registered connector', () => {
    it('gets certificate, user and configuration', async () => {
      const one = await world.register('default');
      expect(one.answer).to.deep.include({ tenant: TENANT, connectorId: one.connectorId });
      const pulled = await world.call('GET', '/v1/configuration', { identity: one.identity });
      expect(pulled.status).to.equal(200);
      expect(pulled.body).to.deep.include({
        connectorId: one.connectorId,
        status: 'active',
        connectorGroupId: 'default',
      });
      const headers = { 'if-none-match': String(pulled.headers.etag) };
      const again = await world.call('GET', '/v1/configuration', { identity: one.identity, headers });
      expect(again.status).to.equal(304);
      expect(await facts('certificate')).to.deep.include({ type: 'CertificateIssued', id: await issuedFor(one) });
    });

    it('without a group is pending and has neither queue nor apps', async () => {
      const one = await world.register(null);
      const { body } = await world.call('GET', '/v1/configuration', { identity: one.identity });
      expect(body).to.deep.include({ status: 'pending', connectorGroupId: null, queue: null, apps: [] });
    });

    it('connects, is heard, and gets the heads of its group', async () => {
      const one = await world.register('default');
      const queue = await queueOf(one);
      const leaf = await openLeaf(one);
      const ingress = await world.broker.connectAs('ingress', 'tenant');
      const heard: string[] = [];
      ingress.subscribe('prs.c.*', { callback: (_error, msg) => void heard.push(msg.subject) });
      await ingress.flush();
      leaf.publish(`prs.c.${one.connectorId}`, 'hello');
      await until(() => heard.length > 0, { what: 'heartbeat' });
      leaf.subscribe('tun.g.default.req', queue);
      await leaf.settled();
      ingress.publish('tun.g.default.req', 'head');
      await until(() => leaf.messages.length > 0, { what: 'head' });
      expect(leaf.messages).to.deep.equal([['tun.g.default.req', 'head']]);
      leaf.end();
    });

    const forbidden: readonly [string, (leaf: RawLeaf, one: Registered) => void][] = [
      ['subscribing to the heads of another group', (leaf) => leaf.subscribe('tun.g.other.req', 'q')],
      ['subscribing to what is meant for another', (leaf) => leaf.subscribe('tun.c.con_other.ing.1')],
      ['answering for another', (leaf) => leaf.publish('tun.i.ing.con_other.1', 'x')],
      ['a heartbeat of another', (leaf) => leaf.publish('prs.c.con_other', 'x')],
      ['publishing a request', (leaf) => leaf.publish('tun.g.default.req', 'x')],
      ['one byte over the payload limit', (leaf, one) => leaf.publish(`prs.c.${one.connectorId}`, 'x'.repeat(262_145))],
    ];
    for (const [name, attempt] of forbidden) {
      it(`loses its link by ${name}, and nothing is delivered`, async () => {
        const one = await world.register('default');
        const leaf = await openLeaf(one);
        const ingress = await world.broker.connectAs('ingress', 'tenant');
        const heard: string[] = [];
        for (const subject of ['tun.i.*.>', 'prs.c.*'])
          ingress.subscribe(subject, { callback: (_error, msg) => void heard.push(msg.subject) });
        await ingress.flush();
        attempt(leaf, one);
        await until(() => leaf.isClosed(), { what: 'the link to be cut' });
        await ingress.flush();
        expect(heard).to.deep.equal([]);
        await ingress.close();
      });
    }

    it('that subscribes to everything hears only what it may', async () => {
      const one = await world.register('default');
      const leaf = await openLeaf(one);
      leaf.subscribe('>');
      await leaf.settled();
      const routing = await world.broker.connectAs('routing', 'tenant');
      routing.publish('tun.c.con_other.routing.config', 'private');
      routing.publish(`tun.c.${one.connectorId}.routing.config`, 'own');
      await routing.flush();
      await until(() => leaf.messages.length > 0 || leaf.isClosed(), { what: 'own message' });
      await leaf.settled();
      expect(leaf.messages.map(([, payload]) => payload)).to.not.include('private');
      leaf.end();
    });
  });

  it('a connector cannot acknowledge for the SIEM: the store of record is in another account', async () => {
    const audit = await world.broker.connectAs('audit', 'core');
    await jetstream(audit, { checkAPI: false }).publish('aud.default.access', 'event');
    const siem = await world.broker.connectAs('siem', 'siem');
    const reader = jetstream(siem, { apiPrefix: 'core.JS.API', checkAPI: false });
    const consumer = await reader.consumers.get('AUDIT', 'siem');
    const message = await consumer.next({ expires: 5_000 });
    if (!message) throw new Error('no event');
    const leaf = await openLeaf(await world.register('default'));
    leaf.publish(`$JS.ACK.AUDIT.siem.1.${message.seq}.1.${message.timestampNanos}.0`, '+ACK');
    await leaf.settled();
    expect((await consumer.info()).num_ack_pending).to.equal(1);
    expect(await message.ackAck()).to.equal(true);
    leaf.end();
  });

  describe('a connection', () => {
    it("with one connector's certificate and another's user is refused and recorded", async () => {
      const [one, other] = [await world.register('default'), await world.register('default')];
      await expectRefused(() => openLeaf(one, { identity: other.identity }));
      await expectFact('ConnectorConnectionRefused', { reason: 'identity-mismatch', connectorId: one.connectorId });
    });

    it('with a certificate of another authority is refused in the handshake', async () => {
      const one = await world.register('default');
      await expectRefused(async () => openLeaf(one, { identity: await foreignIdentity(one.connectorId) }));
    });

    it('with a certificate signed by our authority but never recorded is refused', async () => {
      const one = await world.register('default');
      const { issuing } = world.broker.layout.authorities;
      const authority = await readAuthority({
        certificatePem: readFileSync(issuing.certFile, 'utf8'),
        privateKeyPem: readFileSync(issuing.keyFile, 'utf8'),
      });
      const identity = await identityFrom(authority, one.connectorId);
      await expectRefused(() => openLeaf(one, { identity }));
      await expectFact('ConnectorConnectionRefused', { reason: 'certificate-unknown', connectorId: one.connectorId });
      const pulled = await world.call('GET', '/v1/configuration', { identity });
      expect(pulled.status).to.equal(403);
    });

    it("on the client port with a connector's user is refused", async () => {
      const one = await world.register('default');
      const refusal = await world.broker
        .connectWith(one.credentials, { reconnect: false, timeout: 10_000 })
        .catch((error: unknown) => error);
      expect(refusal).to.be.instanceOf(errors.AuthorizationError);
    });

    it('of a leaf older than 2.14 is refused', async () => {
      const one = await world.register('default');
      await expectRefused(() => openLeaf(one, { connectFields: { version: '2.10.27' } }));
    });

    it('of an identity that is connected already is refused and recorded; the first goes on, and may come back', async () => {
      const one = await world.register('default');
      const first = await openLeaf(one);
      await expectRefused(() => openLeaf(one));
      await expectRefused(() => openLeaf(one));
      await expectFact('ConnectorConnectionRefused', { reason: 'already-connected', connectorId: one.connectorId });
      const refusals = await facts('refusal');
      const own = refusals.filter(({ data }) => Reflect.get(Object(data), 'connectorId') === one.connectorId);
      expect(own.map(({ data }) => Reflect.get(Object(data), 'reason'))).to.deep.equal(['already-connected']);
      await first.settled();
      expect(first.isClosed()).to.equal(false);
      first.end();
      await until(() => first.isClosed());
      (await openLeaf(one)).end();
    });

    it('is refused while the authority is away; those that stand go on', async () => {
      const one = await world.register('default');
      const standing = await openLeaf(one);
      const other = await world.register('default');
      await world.stopAuthority();
      await expectRefused(() => openLeaf(other));
      await standing.settled();
      expect(standing.isClosed()).to.equal(false);
      await world.restartAuthority();
      const later = await openLeaf(other);
      later.end();
      standing.end();
    });
  });

  describe('revocation', () => {
    it('cuts the live link, refuses the certificate at once, and keeps it out', async () => {
      const one = await world.register('default');
      const leaf = await openLeaf(one);
      await change({ type: 'RevokeConnector', connectorId: one.connectorId, reason: 'lost' });
      await until(() => leaf.isClosed(), { what: 'the link to be cut' });
      const pulled = await world.call('GET', '/v1/configuration', { identity: one.identity });
      expect(pulled.status).to.equal(403);
      expect(pulled.body).to.deep.include({ code: 'ERR_CA_CERTIFICATE_REFUSED' });
      await expectRefused(() => openLeaf(one));
      await until(async () => (await facts('certificate')).some(({ type }) => type === 'CertificateRevoked'));
    });

    it('that happened while the authority was away is enforced at its start', async () => {
      const one = await world.register('default');
      const leaf = await openLeaf(one);
      await world.stopAuthority();
      await change({ type: 'RevokeConnector', connectorId: one.connectorId, reason: 'lost' });
      await world.restartAuthority();
      await until(() => leaf.isClosed(), { what: 'the link to be cut' });
      await expectRefused(() => openLeaf(one));
    });
  });

  it('assigning a group cuts the link, so that the connector comes back with its rights', async () => {
    const one = await world.register(null);
    const leaf = await openLeaf(one);
    await change({ type: 'AssignConnectorToGroup', connectorId: one.connectorId, connectorGroupId: 'default' });
    await until(() => leaf.isClosed(), { what: 'the link to be cut' });
    const queue = await queueOf(one);
    const again = await openLeaf(one);
    again.subscribe('tun.g.default.req', queue);
    await again.settled();
    expect(again.isClosed()).to.equal(false);
    again.end();
  });

  async function openLeaf(
    one: Registered,
    other: { readonly identity?: ClientIdentity; readonly connectFields?: Readonly<Record<string, unknown>> } = {},
  ): Promise<RawLeaf> {
    const identity = other.identity ?? one.identity;
    return connectRawLeaf({
      ...other,
      port: world.broker.leafPort(),
      credentials: one.credentials,
      ...identity,
      ca: readFileSync(world.broker.layout.caFile, 'utf8'),
    });
  }

  async function queueOf(one: Registered): Promise<string> {
    const { body } = await world.call('GET', '/v1/configuration', { identity: one.identity });
    return String(body.queue);
  }

  async function change(command: z.input<typeof changeConnector.request>['command']): Promise<void> {
    const console = await world.broker.connectAs('console');
    const actor = { kind: 'user' as const, id: 'admin-1' };
    await callEndpoint(console, TENANT, changeConnector, {
      commandId: newId('cmd'),
      actor,
      correlationId: 'spec',
      command,
    });
    await console.close();
  }

  async function facts(thing: string): Promise<{ type: string; id: string; data?: unknown }[]> {
    const found: { type: string; id: string; data?: unknown }[] = [];
    for await (const commit of store.read({ filters: [{ tenant: TENANT, context: 'certificate-authority', thing }] }))
      found.push(...commit.facts.map((fact) => ({ type: fact.type, id: commit.id, data: fact.data })));
    return found.map(({ type, id, data }) => (thing === 'certificate' ? { type, id } : { type, id, data }));
  }

  async function issuedFor(one: Registered): Promise<string> {
    const filters = [{ tenant: TENANT, context: 'certificate-authority', thing: 'certificate' }];
    for await (const commit of store.read({ filters }))
      if (JSON.stringify(commit.facts).includes(one.connectorId)) return commit.id;
    throw new Error('no certificate recorded');
  }

  async function expectFact(type: string, data: Readonly<Record<string, unknown>>): Promise<void> {
    await until(
      async () =>
        (await facts('refusal')).some(
          (fact) =>
            fact.type === type &&
            Object.entries(data).every(([name, value]) => Reflect.get(Object(fact.data), name) === value),
        ),
      { what: `${type} ${JSON.stringify(data)}` },
    );
  }
});
