import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { Secret } from '#libs/config';
import { type EnrollOptions, enroll } from '../../../services/connector/src/enrollment/enroll.ts';
import { ADMIN_TOKEN, CONNECTOR_ID, type FakeService, startFakeService, USER_TOKEN } from './fake-service.ts';

describe('registering a connector', () => {
  let service: FakeService;
  let stateDir: string;

  beforeEach(async () => {
    service = await startFakeService();
    stateDir = join(service.folder, 'state', 'connector');
  });
  afterEach(() => service.stop());

  const options = (token: string, changes: Partial<EnrollOptions> = {}): EnrollOptions => ({
    service: service.url,
    name: 'warehouse',
    machineName: 'host-1',
    connectorGroupId: 'group-a',
    stateDir,
    endpointTrust: service.ca,
    force: false,
    acquireToken: () => Promise.resolve(new Secret(token)),
    ...changes,
  });
  const codeOf = (promise: Promise<unknown>) =>
    promise.then(
      () => 'none',
      (error: { code: string }) => error.code,
    );

  it('presents the token, sends a request for its own key, and pulls its configuration with the certificate', async () => {
    const result = await enroll(options(ADMIN_TOKEN));
    expect(service.requests.map((one) => one.path)).to.deep.equal([
      '/v1/registrations',
      '/v1/registrations/reg_1/certificate',
      '/v1/configuration',
    ]);
    expect(result.identity.connectorId).to.equal(CONNECTOR_ID);
    expect(result.status).to.equal('active');
    const key = createPrivateKey(readFileSync(join(stateDir, 'connector.key')));
    expect(key.asymmetricKeyDetails?.namedCurve).to.equal('prime256v1');
    expect(new X509Certificate(readFileSync(join(stateDir, 'connector.crt'))).checkPrivateKey(key)).to.equal(true);
  });

  it('sends neither the private key nor the NATS seed to anyone', async () => {
    await enroll(options(ADMIN_TOKEN));
    const sent = service.requests.map((one) => one.body).join('\n');
    expect(sent).to.include('BEGIN CERTIFICATE REQUEST');
    expect(sent).to.not.match(/PRIVATE KEY|"SU[A-Z0-9]{50}/);
    const seed = /SU[A-Z2-7]{56}/.exec(readFileSync(join(stateDir, 'connector.creds'), 'utf8'))?.[0] ?? 'no seed';
    expect(seed).to.not.equal('no seed');
    expect(sent).to.not.include(seed);
  });

  it('keeps every file to its own user', async () => {
    await enroll(options(ADMIN_TOKEN));
    expect(statSync(stateDir).mode & 0o777).to.equal(0o700);
    for (const file of readdirSync(stateDir)) expect(statSync(join(stateDir, file)).mode & 0o777, file).to.equal(0o600);
  });

  for (const [who, token] of [
    ['a user who is not an administrator', USER_TOKEN],
    ['an unknown token', 'header.other.signature'],
  ] as const) {
    it(`ends before a key exists and leaves nothing behind when the service refuses ${who}`, async () => {
      expect(await codeOf(enroll(options(token)))).to.equal('ERR_CONNECTOR_REFUSED');
      expect(service.requests.map((one) => one.path)).to.deep.equal(['/v1/registrations']);
      expect(existsSync(join(service.folder, 'state'))).to.equal(false);
    });
  }

  it('refuses a certificate that does not hold its key and leaves nothing behind', async () => {
    service.answersForeignKey = true;
    expect(await codeOf(enroll(options(ADMIN_TOKEN)))).to.equal('ERR_CONNECTOR_SERVICE_ANSWER');
    expect(existsSync(stateDir)).to.equal(false);
  });

  it('refuses an endpoint whose certificate it cannot verify, before the token is sent', async () => {
    expect(await codeOf(enroll(options(ADMIN_TOKEN, { endpointTrust: undefined })))).to.equal(
      'ERR_CONNECTOR_SERVICE_UNAVAILABLE',
    );
    expect(service.requests).to.deep.equal([]);
  });

  it('does not touch a state directory that is in use, unless told to replace it', async () => {
    mkdirSync(stateDir, { recursive: true });
    writeFileSync(join(stateDir, 'precious'), 'x');
    expect(await codeOf(enroll(options(ADMIN_TOKEN)))).to.equal('ERR_CONNECTOR_USAGE');
    expect(service.requests).to.deep.equal([]);
    expect(readdirSync(stateDir)).to.deep.equal(['precious']);
    await enroll(options(ADMIN_TOKEN, { force: true }));
    expect(readdirSync(stateDir)).to.include('connector.json').and.not.include('precious');
    expect(readdirSync(join(stateDir, '..'))).to.deep.equal(['connector']);
  });

  it('keeps the old state when the replacement is refused', async () => {
    await enroll(options(ADMIN_TOKEN));
    const before = readFileSync(join(stateDir, 'connector.key'), 'utf8');
    expect(await codeOf(enroll(options(USER_TOKEN, { force: true })))).to.equal('ERR_CONNECTOR_REFUSED');
    expect(readFileSync(join(stateDir, 'connector.key'), 'utf8')).to.equal(before);
  });
});
