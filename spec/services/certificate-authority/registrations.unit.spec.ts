import { expect } from 'chai';
import { describe, it } from 'mocha';
import { connectorId } from '#libs/contracts';
import { isSallyportError, SallyportError } from '#libs/errors';
import { InMemoryEventStore } from '#libs/events';
import { createLogger } from '#libs/telemetry';
import {
  certificateDecider,
  decideCertificate,
} from '../../../services/certificate-authority/src/certificates/certificate.decider.ts';
import { LiveLinks, MAX_LINKS } from '../../../services/certificate-authority/src/connections/live-links.ts';
import {
  createRefusalRecorder,
  MAX_REFUSALS_PER_MINUTE,
} from '../../../services/certificate-authority/src/enrollment/refusal-recorder.ts';
import {
  MAX_PENDING_REGISTRATIONS,
  REGISTRATION_LIFETIME_MS,
  Registrations,
} from '../../../services/certificate-authority/src/enrollment/registrations.ts';
import { problemOf } from '../../../services/certificate-authority/src/errors.ts';

const pending = (registrationId: string) => ({
  registrationId,
  connectorId: 'con_1',
  name: 'n',
  machineName: 'm',
  connectorGroupId: null,
  administrator: 'ada',
});

describe('registrations', () => {
  it('are good once, for the administrator who opened them', async () => {
    const registrations = new Registrations(() => 0);
    registrations.add(pending('reg_1'));
    expect(await codeOf(registrations.use('reg_1', 'eve', async () => 1))).to.equal('ERR_CA_REGISTRATION_ABSENT');
    expect(await registrations.use('reg_1', 'ada', async ({ connectorId: id }) => id)).to.equal('con_1');
    expect(await codeOf(registrations.use('reg_1', 'ada', async () => 1))).to.equal('ERR_CA_REGISTRATION_ABSENT');
  });

  it('stay usable when the work on them failed, and take one at a time', async () => {
    const registrations = new Registrations(() => 0);
    registrations.add(pending('reg_1'));
    const failing = registrations.use('reg_1', 'ada', async () => {
      throw new SallyportError('ERR_SPEC', 'failed');
    });
    expect(await codeOf(registrations.use('reg_1', 'ada', async () => 1))).to.equal('ERR_CA_REGISTRATION_BUSY');
    expect(await codeOf(failing)).to.equal('ERR_SPEC');
    expect(await registrations.use('reg_1', 'ada', async () => 1)).to.equal(1);
  });

  it('are gone after ten minutes', async () => {
    let now = 0;
    const registrations = new Registrations(() => now);
    registrations.add(pending('reg_1'));
    now = REGISTRATION_LIFETIME_MS;
    expect(await codeOf(registrations.use('reg_1', 'ada', async () => 1))).to.equal('ERR_CA_REGISTRATION_ABSENT');
  });

  it('are refused at their bound, until one expires', () => {
    let now = 0;
    const registrations = new Registrations(() => now);
    for (let i = 0; i < MAX_PENDING_REGISTRATIONS; i += 1) registrations.add(pending(`reg_${i}`));
    expect(() => registrations.add(pending('reg_more')))
      .to.throw()
      .with.property('code', 'ERR_CA_TOO_MANY_REGISTRATIONS');
    now = REGISTRATION_LIFETIME_MS;
    registrations.add(pending('reg_more'));
  });
});

describe('refusals', () => {
  it('are stored as facts up to their bound, beyond it the caller is told to wait', async () => {
    let now = 0;
    const store = new InMemoryEventStore();
    const logger = createLogger({ service: 'spec', write: () => undefined });
    const recorder = createRefusalRecorder({ tenant: 'default', store, logger, now: () => now });
    const fact = { type: 'RegistrationRefused', data: { reason: 'r', detail: 'd', address: 'a' } } as const;
    for (let i = 0; i < MAX_REFUSALS_PER_MINUTE; i += 1) await recorder.record(fact);
    const head = await store.head();
    expect(await codeOf(recorder.record(fact))).to.equal('ERR_CA_TOO_MANY_REFUSALS');
    expect(await store.head()).to.equal(head);
    now = 60_000;
    await recorder.record(fact);
    expect(await store.head()).to.be.greaterThan(head);
  });
});

describe('live links', () => {
  it('forget the oldest at their bound', () => {
    const links = new LiveLinks();
    for (let i = 0; i <= MAX_LINKS; i += 1) links.remember(`con_${i}`, { serverId: 'N', connectionId: i });
    expect(links.of('con_0')).to.equal(undefined);
    expect(links.of(`con_${MAX_LINKS}`)).to.deep.equal({ serverId: 'N', connectionId: MAX_LINKS });
  });

  it('spare what is known to be of another', () => {
    const links = new LiveLinks();
    links.remember('con_1', { serverId: 'N', connectionId: 1 });
    const wanted = new Set(['con_2']);
    expect(links.mayBelongTo({ serverId: 'N', connectionId: 1 }, wanted)).to.equal(false);
    expect(links.mayBelongTo({ serverId: 'N', connectionId: 2 }, wanted)).to.equal(true);
    expect(links.mayBelongTo({ serverId: 'M', connectionId: 1 }, wanted)).to.equal(true);
  });
});

describe('certificate', () => {
  const certificate = {
    serialNumber: '01',
    thumbprint: 'a'.repeat(64),
    connectorId: connectorId.parse('con_1'),
    subject: 'CN=con_1',
    notBefore: '2026-11-22T05:00:00.000Z',
    notAfter: '2027-11-22T05:00:00.000Z',
  };
  const issued = certificateDecider.evolve(certificateDecider.initialState, {
    type: 'CertificateIssued',
    data: certificate,
  });
  const revoked = certificateDecider.evolve(issued, { type: 'CertificateRevoked', data: { reason: 'lost' } });

  it('is issued once and revoked once', () => {
    const { initialState } = certificateDecider;
    expect(decideCertificate({ type: 'IssueCertificate', certificate }, initialState)).to.deep.equal([
      { type: 'CertificateIssued', data: certificate },
    ]);
    expect(decideCertificate({ type: 'RevokeCertificate', reason: 'lost' }, issued)).to.deep.equal([
      { type: 'CertificateRevoked', data: { reason: 'lost' } },
    ]);
    expect(decideCertificate({ type: 'RevokeCertificate', reason: 'lost' }, revoked)).to.deep.equal([]);
  });

  it('is not issued twice, nor revoked before it is', () => {
    const issue = () => decideCertificate({ type: 'IssueCertificate', certificate }, revoked);
    expect(issue).to.throw().with.property('code', 'ERR_CERTIFICATE_EXISTS');
    const revoke = () => decideCertificate({ type: 'RevokeCertificate', reason: 'x' }, certificateDecider.initialState);
    expect(revoke).to.throw().with.property('code', 'ERR_CERTIFICATE_ABSENT');
  });
});

describe('problems', () => {
  it('show what is meant to be shown and nothing of the rest', () => {
    const secret = new SallyportError('ERR_X', 'the password is 1234', { details: { secret: '1234' } });
    expect(JSON.stringify(problemOf(secret))).to.not.contain('1234');
    expect(JSON.stringify(problemOf(new Error('the password is 1234')))).to.not.contain('1234');
    const away = new SallyportError('ERR_MESSAGING_TIMEOUT', 'no answer on qry.x', { retryable: true, expose: true });
    expect(problemOf(away)).to.deep.include({ status: 503, code: 'ERR_MESSAGING_TIMEOUT', retryAfterSeconds: 2 });
    const group = new SallyportError('ERR_GROUP_ABSENT', 'no such group', { expose: true });
    expect(problemOf(group)).to.deep.include({ status: 422, detail: 'no such group' });
  });
});

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  return isSallyportError(error) ? error.code : String(error);
}
