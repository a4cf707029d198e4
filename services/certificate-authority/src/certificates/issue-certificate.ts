import type { NatsConnection } from 'nats';
import { z } from 'zod';
import { certificateAggregate, changeConnector, connectorId, newId, type Principal } from '#libs/contracts';
import { type EventStore, handleCommand } from '#libs/events';
import { callEndpoint } from '#libs/messaging';
import { encodeUserJwt, isPublicNkey } from '#libs/nats-identity';
import {
  type CertificateRequest,
  certificateThumbprint,
  connectorUri,
  type IssuedCertificate,
  issueConnectorCertificate,
  parseCertificate,
  readCertificateRequest,
} from '#libs/pki';
import type { Signers } from '../authority/signers.ts';
import type { PendingRegistration } from '../enrollment/registrations.ts';
import { refuse } from '../errors.ts';
import { certificateDecider } from './certificate.decider.ts';

export const certificateRequestBody = z.object({
  /** PKCS#10, PEM. */
  certificateRequest: z.string().max(65_536),
  /** Public nkey (U...) of the connector's NATS user. */
  userPublicKey: z.string().max(64),
  machineName: z.string().max(255),
  version: z.string().max(64),
});

export type CertificateAnswer = {
  readonly tenant: string;
  readonly connectorId: string;
  /** The connector's certificate, then the issuing authority's, PEM. */
  readonly certificate: string;
  /** The root, PEM. */
  readonly trustedCertificates: string;
  readonly userJwt: string;
  readonly leafAddresses: readonly string[];
  readonly configurationUrl: string;
};

export type IssueContext = {
  readonly tenant: string;
  readonly store: EventStore;
  readonly backbone: NatsConnection;
  readonly signers: Signers;
  readonly tenantAccount: string;
  readonly leafAddresses: readonly string[];
  readonly configurationUrl: string;
  readonly now: () => Date;
  /** Resolves when the read model shows a position of the event stream, rejects when that takes too long. */
  readonly visible: (position: number) => Promise<void>;
};

/**
 * Second step: of the request only the public key is taken. Routing learns of the connector first (it may refuse the group),
 * then the certificate is recorded, then it leaves. A crash in between leaves a connector without a certificate that counts.
 * @throws ERR_CA_REQUEST_* (422), what routing refuses, ERR_EVENTS_* and ERR_MESSAGING_* (503).
 */
export async function issueForRegistration(
  context: IssueContext,
  registration: PendingRegistration,
  administrator: Principal,
  body: z.infer<typeof certificateRequestBody>,
): Promise<CertificateAnswer> {
  const request = await requireRequest(context.tenant, registration.connectorId, body.certificateRequest);
  if (!isPublicNkey(body.userPublicKey, 'user'))
    throw badRequest(
      'ERR_CA_REQUEST_USER_KEY',
      'userPublicKey is no public NATS user key',
      'send the public key (U...)',
    );
  const issued = await issueConnectorCertificate(context.signers.issuing, {
    publicKey: request.publicKey,
    tenant: context.tenant,
    connectorId: registration.connectorId,
    now: context.now(),
  });
  const thumbprint = thumbprintOf(issued.certificatePem);
  await register(context, registration, administrator, { ...body, thumbprint });
  const revision = await record(context, registration, administrator, { issued, thumbprint });
  // Late is not wrong: the connector's first pull is tried again.
  await context.visible(revision).catch(() => undefined);
  return {
    tenant: context.tenant,
    connectorId: registration.connectorId,
    certificate: issued.chainPem,
    trustedCertificates: context.signers.rootCertificatePem,
    userJwt: await encodeUserJwt({
      name: registration.connectorId,
      publicKey: body.userPublicKey,
      account: context.tenantAccount,
      signer: context.signers.connectorSigner,
      permissions: {},
      isScoped: true,
    }),
    leafAddresses: context.leafAddresses,
    configurationUrl: context.configurationUrl,
  };
}

async function requireRequest(tenant: string, id: string, pem: string): Promise<CertificateRequest> {
  const verdict = await readCertificateRequest(pem);
  if (verdict.status === 'refused') {
    const code = `ERR_CA_REQUEST_${verdict.reason.replace('csr-', '').replaceAll('-', '_').toUpperCase()}`;
    throw badRequest(
      code,
      `certificate request refused: ${verdict.detail}`,
      'make a P-256 key and sign the request with it',
    );
  }
  const { request } = verdict;
  if (request.subject !== `CN=${id}`)
    throw badRequest(
      'ERR_CA_REQUEST_SUBJECT',
      `subject of the certificate request is not exactly CN=${id}`,
      'use the subject that the registration answered',
    );
  const own = `url:${connectorUri(tenant, id)}`;
  const foreign = request.alternativeNames.filter((name) => name !== own);
  if (foreign.length > 0)
    throw badRequest(
      'ERR_CA_REQUEST_NAME',
      'the certificate request asks for names that are not its own',
      'leave subject alternative names out',
    );
  return request;
}

async function register(
  context: IssueContext,
  registration: PendingRegistration,
  administrator: Principal,
  machine: {
    readonly machineName: string;
    readonly version: string;
    readonly userPublicKey: string;
    readonly thumbprint: string;
  },
): Promise<void> {
  await callEndpoint(context.backbone, context.tenant, changeConnector, {
    ...commandOf(registration, administrator),
    command: {
      type: 'RegisterConnector',
      connectorId: registration.connectorId,
      name: registration.name,
      machineName: machine.machineName,
      version: machine.version,
      userPublicKey: machine.userPublicKey,
      certificateThumbprint: machine.thumbprint,
      connectorGroupId: registration.connectorGroupId,
    },
  });
}

async function record(
  context: IssueContext,
  registration: PendingRegistration,
  administrator: Principal,
  { issued, thumbprint }: { readonly issued: IssuedCertificate; readonly thumbprint: string },
): Promise<number> {
  const certificate = {
    serialNumber: issued.serialNumber,
    thumbprint,
    connectorId: connectorId.parse(registration.connectorId),
    subject: `CN=${registration.connectorId}`,
    notBefore: issued.notBefore.toISOString(),
    notAfter: issued.notAfter.toISOString(),
  };
  const { revision } = await handleCommand(
    context.store,
    certificateDecider,
    { tenant: context.tenant, type: certificateAggregate, id: thumbprint },
    { type: 'IssueCertificate', certificate },
    { ...commandOf(registration, administrator), at: context.now().toISOString() },
  );
  return revision;
}

function commandOf(registration: PendingRegistration, administrator: Principal) {
  return {
    commandId: newId('cmd'),
    actor: { kind: 'user' as const, id: administrator.subject, name: administrator.username },
    correlationId: registration.registrationId,
  };
}

function thumbprintOf(pem: string): string {
  const certificate = parseCertificate(pem);
  if (!certificate) throw new Error('a certificate just signed cannot be read');
  return certificateThumbprint(certificate);
}

function badRequest(code: string, detail: string, remedy: string) {
  return refuse({ status: 422, code, detail, remedy });
}
