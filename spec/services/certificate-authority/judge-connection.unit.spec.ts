import { expect } from 'chai';
import { before, describe, it } from 'mocha';
import {
  type CertificateFact,
  type ConnectorFact,
  certificateAggregate,
  connectorAggregate,
  connectorGroupId,
  connectorId,
} from '#libs/contracts';
import { isSallyportError } from '#libs/errors';
import type { AggregateType, Commit, Fact } from '#libs/events';
import { createNkey, encodeUserJwt } from '#libs/nats-identity';
import {
  type Authority,
  certificateThumbprint,
  createIssuingAuthority,
  createKeyAndRequest,
  createRootAuthority,
  issueConnectorCertificate,
  issueServerCertificate,
  parseCertificate,
  readCertificateRequest,
} from '#libs/pki';
import { requireConnector } from '../../../services/certificate-authority/src/configuration/pull-configuration.ts';
import {
  type ConnectionAttempt,
  parseCalloutRequest,
} from '../../../services/certificate-authority/src/connections/callout-request.ts';
import { judgeConnection } from '../../../services/certificate-authority/src/connections/judge-connection.ts';
import {
  type KnownIdentities,
  knownIdentitiesProjection,
} from '../../../services/certificate-authority/src/connectors/known-identities.projection.ts';

const TENANT = 'default';
const NOW = new Date('2026-11-22T05:00:00.000Z');
const account = createNkey('account').publicKey;
const signer = createNkey('account');
const user = createNkey('user');
const projection = knownIdentitiesProjection(TENANT);

describe('judging who may connect', () => {
  let issuing: Authority;
  let pem: string;
  let thumbprint: string;
  let jwt: string;
  let known: KnownIdentities;

  before(async () => {
    issuing = await createIssuingAuthority(await createRootAuthority({ commonName: 'Root', now: NOW }), {
      commonName: 'Issuing',
      now: NOW,
    });
    pem = await certificateFor('con_1');
    thumbprint = thumbprintOf(pem);
    jwt = await userJwt('con_1');
    known = given([certificateCommit(thumbprint, issuedFact('con_1')), connectorCommit('con_1', registered())]);
  });

  const judge = (attempt: Partial<ConnectionAttempt>, state = known) =>
    judgeConnection(
      {
        serverId: 'N',
        connectionId: 7,
        userKey: 'U',
        isLeaf: true,
        address: '127.0.0.1',
        userJwt: jwt,
        certificatePem: pem,
        ...attempt,
      },
      state,
      { tenant: TENANT, account, issuer: signer.publicKey, nowSeconds: Math.floor(Date.now() / 1000) },
    );

  it('certificate and user of one known connector are let in, with the group it has now', () => {
    expect(judge({})).to.deep.equal({ status: 'accepted', connectorId: 'con_1', connectorGroupId: null });
    const assigned = given([
      certificateCommit(thumbprint, issuedFact('con_1')),
      connectorCommit('con_1', registered(), {
        type: 'ConnectorAssignedToGroup',
        data: { connectorGroupId: connectorGroupId.parse('one') },
      }),
    ]);
    expect(judge({}, assigned)).to.deep.include({ status: 'accepted', connectorGroupId: 'one' });
  });

  const refusals: readonly [string, () => Promise<Partial<ConnectionAttempt>>][] = [
    ['user-jwt-missing', async () => ({ userJwt: undefined })],
    ['user-jwt-refused', async () => ({ userJwt: 'garbage' })],
    ['user-jwt-refused', async () => ({ userJwt: await userJwt('con_1', createNkey('account')) })],
    ['not-a-leaf', async () => ({ isLeaf: false })],
    ['certificate-missing', async () => ({ certificatePem: undefined })],
    ['certificate-missing', async () => ({ certificatePem: 'garbage' })],
    ['certificate-foreign', async () => ({ certificatePem: await serverCertificate() })],
    ['certificate-foreign', async () => ({ certificatePem: await certificateFor('con_1', 'other') })],
    ['identity-mismatch', async () => ({ certificatePem: await certificateFor('con_2') })],
    ['certificate-unknown', async () => ({ certificatePem: await certificateFor('con_1') })],
  ];
  for (const [index, [reason, build]] of refusals.entries()) {
    it(`refuses as ${reason} (case ${index + 1})`, async () => {
      expect(judge(await build())).to.deep.include({ status: 'refused', reason });
    });
  }

  it('refuses by what became of the certificate or the connector', () => {
    const certificate = certificateCommit(thumbprint, issuedFact('con_1'));
    const connector = connectorCommit('con_1', registered());
    const cases: readonly [string, KnownIdentities][] = [
      [
        'certificate-revoked',
        given([
          certificate,
          connector,
          certificateCommit(thumbprint, { type: 'CertificateRevoked', data: { reason: 'x' } }),
        ]),
      ],
      [
        'connector-revoked',
        given([certificate, connector, connectorCommit('con_1', { type: 'ConnectorRevoked', data: { reason: 'x' } })]),
      ],
      ['connector-unknown', given([certificate])],
      ['user-key-unknown', given([certificate, connectorCommit('con_1', registered('UOTHER'))])],
      ['certificate-unknown', given([connector])],
    ];
    for (const [reason, state] of cases) expect(judge({}, state)).to.deep.include({ status: 'refused', reason });
  });

  it('the configuration goes to the same identities only', () => {
    const certificate = parseCertificate(pem);
    expect(requireConnector({ certificate, isVerified: true }, TENANT, known)).to.equal('con_1');
    const refused: readonly [string, Parameters<typeof requireConnector>][] = [
      ['ERR_CA_CERTIFICATE_MISSING', [{ certificate: undefined, isVerified: false }, TENANT, known]],
      ['ERR_CA_CERTIFICATE_REFUSED', [{ certificate, isVerified: false }, TENANT, known]],
      ['ERR_CA_CERTIFICATE_REFUSED', [{ certificate, isVerified: true }, 'other', known]],
      ['ERR_CA_CERTIFICATE_REFUSED', [{ certificate, isVerified: true }, TENANT, projection.initial()]],
    ];
    for (const [code, args] of refused) {
      try {
        requireConnector(...args);
        expect.fail('was accepted');
      } catch (error) {
        expect(isSallyportError(error, code)).to.equal(true);
      }
    }
  });

  it('what the hub did not ask is not read', async () => {
    for (const text of ['', 'a.b.c', jwt]) expect(parseCalloutRequest(text)).to.equal(undefined);
  });

  async function certificateFor(id: string, tenant = TENANT): Promise<string> {
    const { requestPem } = await createKeyAndRequest({ commonName: id });
    const verdict = await readCertificateRequest(requestPem);
    if (verdict.status !== 'accepted') throw new Error(verdict.detail);
    const { publicKey } = verdict.request;
    return (await issueConnectorCertificate(issuing, { publicKey, tenant, connectorId: id, now: NOW })).certificatePem;
  }

  async function serverCertificate(): Promise<string> {
    return (await issueServerCertificate(issuing, { dnsNames: ['localhost'], now: NOW })).certificatePem;
  }

  function issuedFact(id: string): CertificateFact {
    return {
      type: 'CertificateIssued',
      data: {
        serialNumber: '01',
        thumbprint,
        connectorId: connectorId.parse(id),
        subject: `CN=${id}`,
        notBefore: NOW.toISOString(),
        notAfter: NOW.toISOString(),
      },
    };
  }

  function registered(userPublicKey = user.publicKey): ConnectorFact {
    return {
      type: 'ConnectorRegistered',
      data: { name: 'n', machineName: 'm', version: '1', userPublicKey, certificateThumbprint: thumbprint },
    };
  }
});

function userJwt(name: string, by = signer): Promise<string> {
  return encodeUserJwt({ name, publicKey: user.publicKey, account, signer: by, permissions: {}, isScoped: true });
}

function thumbprintOf(pem: string): string {
  const certificate = parseCertificate(pem);
  if (!certificate) throw new Error('no certificate');
  return certificateThumbprint(certificate);
}

function given(commits: readonly Commit[]): KnownIdentities {
  return commits.reduce(projection.project, projection.initial());
}

const certificateCommit = (id: string, ...facts: CertificateFact[]) => commitOf(certificateAggregate, id, facts);
const connectorCommit = (id: string, ...facts: ConnectorFact[]) => commitOf(connectorAggregate, id, facts);

function commitOf<F extends Fact>({ context, thing }: AggregateType<F>, id: string, facts: readonly F[]): Commit {
  const metadata = {
    commandId: 'c',
    at: NOW.toISOString(),
    actor: { kind: 'system', id: 's' } as const,
    correlationId: 'c',
  };
  return {
    subject: `evt.${TENANT}.${context}.${thing}.${id}`,
    tenant: TENANT,
    context,
    thing,
    id,
    position: 1,
    facts,
    metadata,
  };
}
