import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import type { ConnectorConfiguration } from '#libs/contracts';
import { createNkey, encodeUserJwt } from '#libs/nats-identity';
import {
  createIssuingAuthority,
  createKeyAndRequest,
  createRootAuthority,
  issueConnectorCertificate,
  issueServerCertificate,
  readCertificateRequest,
  readConnectorIdentity,
} from '#libs/pki';

export const ADMIN_TOKEN = 'header.admin.signature';
export const USER_TOKEN = 'header.user.signature';
export const CONNECTOR_ID = 'con_spec';

type Recorded = { readonly path: string; readonly body: string; readonly authorization: string };

/** The connector endpoint of the certificate authority, as its contract says, with a real CA behind it. */
export type FakeService = {
  readonly url: string;
  readonly folder: string;
  /** Root certificate, PEM text and file. */
  readonly ca: string;
  readonly caFile: string;
  readonly hubTls: { readonly certFile: string; readonly keyFile: string };
  readonly requests: Recorded[];
  configuration: ConnectorConfiguration;
  leafAddresses: string[];
  options: { issuer: string; clientId: string; scope: string };
  /** Set to answer the certificate request with someone else's key. */
  answersForeignKey: boolean;
  /** Set to answer every configuration pull with this status. */
  configurationStatus: number;
  stop(): Promise<void>;
};

export async function startFakeService(): Promise<FakeService> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-connector-'));
  const now = new Date();
  const root = await createRootAuthority({ commonName: 'Spec Root', now });
  const issuing = await createIssuingAuthority(root, { commonName: 'Spec Issuing', now });
  const names = { dnsNames: ['localhost'] as const, ips: ['127.0.0.1'], now };
  const server = await issueServerCertificate(issuing, names);
  const caFile = join(folder, 'ca.crt');
  const hubTls = { certFile: join(folder, 'hub.crt'), keyFile: join(folder, 'hub.key') };
  writeFileSync(caFile, root.certificatePem);
  writeFileSync(hubTls.certFile, server.chainPem);
  writeFileSync(hubTls.keyFile, server.privateKeyPem);
  const account = createNkey('account');

  const issue = async (body: Record<string, string>) => {
    const verdict = await readCertificateRequest(body.certificateRequest ?? '');
    if (verdict.status === 'refused') return { status: 400, body: problem(400, verdict.detail) };
    const foreign = service.answersForeignKey ? await foreignRequest() : verdict.request;
    const certificate = await issueConnectorCertificate(issuing, {
      publicKey: foreign.publicKey,
      tenant: 'default',
      connectorId: CONNECTOR_ID,
      now,
    });
    const userJwt = await encodeUserJwt({
      name: CONNECTOR_ID,
      publicKey: body.userPublicKey ?? '',
      account: account.publicKey,
      signer: account,
      permissions: {},
    });
    return {
      status: 201,
      body: {
        certificate: certificate.chainPem,
        trustedCertificates: root.certificatePem,
        userJwt,
        leafAddresses: service.leafAddresses,
        configurationUrl: `${service.url}/v1/configuration`,
        tenant: 'default',
        connectorId: CONNECTOR_ID,
      },
    };
  };

  const listener = async (req: IncomingMessage, res: ServerResponse) => {
    const body = await textOf(req);
    const path = req.url ?? '';
    const authorization = req.headers.authorization ?? '';
    service.requests.push({ path, body, authorization });
    if (path === '/v1/registrations/options') return send(res, 200, service.options);
    if (path === '/v1/configuration') return sendConfiguration(req, res, service);
    const refusal = refusalOf(authorization);
    if (refusal) return send(res, refusal.status, refusal);
    if (path === '/v1/registrations') {
      const subject = `CN=${CONNECTOR_ID}`;
      return send(res, 201, { registrationId: 'reg_1', connectorId: CONNECTOR_ID, tenant: 'default', subject });
    }
    const answer = await issue(JSON.parse(body) as Record<string, string>);
    return send(res, answer.status, answer.body);
  };
  const https = createServer(
    {
      cert: server.chainPem,
      key: server.privateKeyPem,
      ca: [root.certificatePem],
      requestCert: true,
      rejectUnauthorized: false,
    },
    (req, res) => void listener(req, res),
  );
  await new Promise<void>((resolve) => {
    https.listen(0, '127.0.0.1', () => resolve());
  });
  const service: FakeService = {
    url: `https://localhost:${(https.address() as AddressInfo).port}`,
    folder,
    ca: root.certificatePem,
    caFile,
    hubTls,
    requests: [],
    configuration: configurationOf({}),
    leafAddresses: ['tls://localhost:1'],
    options: { issuer: 'https://localhost:1', clientId: 'cli', scope: 'Connector.Register' },
    answersForeignKey: false,
    configurationStatus: 200,
    stop: async () => {
      https.closeAllConnections();
      await new Promise<void>((resolve) => {
        https.close(() => resolve());
      });
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return service;
}

export function configurationOf(changes: Partial<ConnectorConfiguration>): ConnectorConfiguration {
  return {
    version: 1,
    connectorId: CONNECTOR_ID,
    status: 'active',
    connectorGroupId: 'group-a',
    queue: 'secret-queue',
    apps: [],
    refreshSeconds: 60,
    assertions: null,
    ...changes,
  };
}

function sendConfiguration(req: IncomingMessage, res: ServerResponse, service: FakeService): void {
  const peer = (req.socket as TLSSocket).getPeerX509Certificate();
  const isValid = (req.socket as TLSSocket).authorized && peer !== undefined;
  const identity = isValid ? readConnectorIdentity(peer) : undefined;
  const status = identity ? service.configurationStatus : 401;
  if (status !== 200) {
    send(res, status, problem(status, 'no certificate of this authority, or the spec says no'));
    return;
  }
  const { version, assertions } = service.configuration;
  const etag = `"${version}-${createHash('sha256').update(JSON.stringify(assertions)).digest('hex')}"`;
  if (req.headers['if-none-match'] === etag) {
    res.writeHead(304, { etag });
    res.end();
    return;
  }
  res.setHeader('etag', etag);
  send(res, 200, service.configuration);
}

function refusalOf(authorization: string): { readonly status: number } | undefined {
  if (authorization === `Bearer ${ADMIN_TOKEN}`) return undefined;
  if (authorization === `Bearer ${USER_TOKEN}`) return problem(403, 'user is not an administrator');
  return problem(401, 'token is not valid');
}

function problem(status: number, detail: string) {
  return { type: 'about:blank', title: 'Refused', status, detail, code: 'ERR_SPEC' };
}

function send(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { 'content-type': 'application/json' });
  res.end(JSON.stringify(body));
}

async function textOf(req: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of req) text += String(chunk);
  return text;
}

async function foreignRequest() {
  const verdict = await readCertificateRequest((await createKeyAndRequest({ commonName: 'foreign' })).requestPem);
  if (verdict.status === 'refused') throw new Error(verdict.detail);
  return verdict.request;
}
