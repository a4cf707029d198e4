import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { certificateAggregate, connectorRefusalAggregate, connectors, trust } from '#libs/contracts';
import { type EventStore, openEventStore } from '#libs/events';
import { callEndpoint } from '#libs/messaging';
import { createNkey } from '#libs/nats-identity';
import { createKeyAndRequest } from '#libs/pki';
import { requestWith, requestWithBrokenSignature, requestWithRsaKey } from '#libs/pki/testing';
import { type Answer, type AuthorityWorld, startAuthorityWorld, TENANT } from './support.ts';

const BODY = { name: 'branch office', machineName: 'host-1', connectorGroupId: 'default' };

describe('registration of connectors', function registrationSpecs() {
  this.timeout(30_000);
  let world: AuthorityWorld;
  let store: EventStore;

  before(async () => {
    world = await startAuthorityWorld();
    const core = await world.broker.connectAs('audit', 'core');
    store = await openEventStore(core, [certificateAggregate, connectorRefusalAggregate]);
  });
  after(() => world?.stop());

  it('tells where an administrator gets a token', async () => {
    const { status, body } = await world.call('GET', '/v1/registrations/options');
    expect(status).to.equal(200);
    expect(body).to.deep.equal({
      issuer: 'https://localhost/idp',
      clientId: 'cli',
      scope: 'api://api/Connector.Register',
    });
  });

  const refusedTokens: readonly [string, string | undefined, number, string, string][] = [
    ['without a token', undefined, 401, 'ERR_CA_TOKEN_MISSING', 'token-missing'],
    ['with something that is no token', 'två ord', 401, 'ERR_CA_TOKEN_MISSING', 'token-missing'],
    ['with a forged token', 'forged', 401, 'ERR_CA_TOKEN_REFUSED', 'token-signature-wrong'],
    ['with a token of a user who is no administrator', 'user', 403, 'ERR_CA_NOT_ADMINISTRATOR', 'not-administrator'],
  ];
  for (const [name, token, status, code, reason] of refusedTokens) {
    it(`${name} is answered ${status} and stores nothing but the refusal`, async () => {
      const before = await store.head();
      const headers = token === undefined ? {} : { authorization: `Bearer ${encodeURI(token).replaceAll('%', ' ')}` };
      const answer = await world.call('POST', '/v1/registrations', { body: BODY, headers });
      expectProblem(answer, status, code);
      const added = [];
      for await (const commit of store.read({ filters: [{ tenant: TENANT }], after: before }))
        added.push(...commit.facts);
      expect(added.map(({ type }) => type)).to.deep.equal(['RegistrationRefused']);
      expect(added[0]?.data).to.deep.include({ reason, address: '127.0.0.1' });
    });
  }

  const refusedBodies: readonly [string, unknown, number, string][] = [
    ['a body that is no JSON', '{"name":', 400, 'ERR_CA_BODY'],
    ['a body of 100 KB', { ...BODY, name: 'x'.repeat(100_000) }, 413, 'ERR_CA_BODY_TOO_LARGE'],
    ['a name that is missing', { machineName: 'm', connectorGroupId: null }, 422, 'ERR_CA_BODY_INVALID'],
    ['a group that could not stand in a subject', { ...BODY, connectorGroupId: 'a.b.>' }, 422, 'ERR_CA_BODY_INVALID'],
  ];
  for (const [name, body, status, code] of refusedBodies) {
    it(`${name} is answered ${status}`, async () => {
      expectProblem(await world.call('POST', '/v1/registrations', { token: 'admin', body }), status, code);
    });
  }

  it('serves nothing else', async () => {
    expectProblem(await world.call('GET', '/'), 404, 'ERR_CA_NO_ROUTE');
    expectProblem(await world.call('DELETE', '/v1/registrations'), 405, 'ERR_CA_METHOD');
    expectProblem(await world.call('GET', '/v1/configuration'), 401, 'ERR_CA_CERTIFICATE_MISSING');
  });

  describe('certificate request', () => {
    it("of an unknown, a used or another administrator's registration is refused", async () => {
      const one = await open();
      expectProblem(await certify('reg_unknown', one.requestPem), 404, 'ERR_CA_REGISTRATION_ABSENT');
      expectProblem(
        await certify(one.registrationId, one.requestPem, 'other-admin'),
        404,
        'ERR_CA_REGISTRATION_ABSENT',
      );
      expect((await certify(one.registrationId, one.requestPem)).status).to.equal(201);
      expectProblem(await certify(one.registrationId, one.requestPem), 404, 'ERR_CA_REGISTRATION_ABSENT');
    });

    const refused: readonly [string, (id: string) => Promise<string>, string][] = [
      [
        'with a foreign subject',
        async () => (await createKeyAndRequest({ commonName: 'con_other' })).requestPem,
        'ERR_CA_REQUEST_SUBJECT',
      ],
      ['with more than its common name', (id) => requestWith(`CN=${id},O=Evil`), 'ERR_CA_REQUEST_SUBJECT'],
      [
        'with a foreign alternative name',
        (id) => requestWith(`CN=${id}`, 'urn:sallyport:tenant:default:connector:con_other'),
        'ERR_CA_REQUEST_NAME',
      ],
      ['with an RSA key', (id) => requestWithRsaKey(`CN=${id}`), 'ERR_CA_REQUEST_KEY_TYPE'],
      ['with a broken signature', (id) => requestWithBrokenSignature(`CN=${id}`), 'ERR_CA_REQUEST_SIGNATURE_WRONG'],
      ['that is no request', async () => 'hello', 'ERR_CA_REQUEST_MALFORMED'],
    ];
    for (const [name, build, code] of refused) {
      it(`${name} is refused, changes nothing, and the registration stays usable`, async () => {
        const one = await open();
        const before = await store.head();
        expectProblem(await certify(one.registrationId, await build(one.connectorId)), 422, code);
        expect(await store.head()).to.equal(before);
        expect((await certify(one.registrationId, one.requestPem)).status).to.equal(201);
      });
    }

    it('with a NATS key that is none is refused', async () => {
      const one = await open();
      const answer = await certify(one.registrationId, one.requestPem, 'admin', createNkey('account').publicKey);
      expectProblem(answer, 422, 'ERR_CA_REQUEST_USER_KEY');
    });

    it('for a group that does not exist is refused and issues nothing', async () => {
      const one = await open({ ...BODY, connectorGroupId: 'nowhere' });
      const before = await store.head();
      expectProblem(await certify(one.registrationId, one.requestPem), 422, 'ERR_GROUP_ABSENT');
      expect(await store.head()).to.equal(before);
    });

    it('makes the connector known with its machine and version', async () => {
      const one = await open();
      await certify(one.registrationId, one.requestPem);
      const console = await world.broker.connectAs('console');
      const listed = await callEndpoint(console, TENANT, connectors, { id: one.connectorId });
      expect(listed.connectors[0]).to.deep.include({ name: 'branch office', machineName: 'host-2', version: '1.0.0' });
    });
  });

  it('tells other services which certificates to trust', async () => {
    const console = await world.broker.connectAs('console');
    const answer = await callEndpoint(console, TENANT, trust, {});
    const { root, issuing } = world.broker.layout.authorities;
    expect(answer).to.deep.equal({
      rootCertificate: readFileSync(root.certFile, 'utf8'),
      issuingCertificate: readFileSync(issuing.certFile, 'utf8'),
    });
  });

  async function open(body: unknown = BODY) {
    const opened = await world.call('POST', '/v1/registrations', { token: 'admin', body });
    const connectorId = String(opened.body.connectorId);
    expect(opened.body).to.deep.include({ tenant: TENANT, subject: `CN=${connectorId}` });
    const { requestPem } = await createKeyAndRequest({ commonName: connectorId });
    return { registrationId: String(opened.body.registrationId), connectorId, requestPem };
  }

  function certify(
    registrationId: string,
    certificateRequest: string,
    token = 'admin',
    userPublicKey?: string,
  ): Promise<Answer> {
    return world.call('POST', `/v1/registrations/${registrationId}/certificate`, {
      token,
      body: {
        certificateRequest,
        userPublicKey: userPublicKey ?? createNkey('user').publicKey,
        machineName: 'host-2',
        version: '1.0.0',
      },
    });
  }
});

function expectProblem(answer: Answer, status: number, code: string): void {
  expect({ status: answer.status, code: answer.body.code }).to.deep.equal({ status, code });
  expect(answer.headers['content-type']).to.equal('application/problem+json');
  for (const name of ['detail', 'remedy', 'instance'])
    expect(answer.body[name], name).to.be.a('string').and.not.equal('');
}
