import type { NatsConnection } from 'nats';
import type { z } from 'zod';
import type { ClientInfo } from '#libs/contracts';
import { certificateRequestBody, type IssueContext, issueForRegistration } from '../certificates/issue-certificate.ts';
import type { CertificateAuthorityConfig } from '../config.ts';
import type { AssertionTrusts } from '../configuration/assertion-trusts.ts';
import { pullConfiguration, requireConnector } from '../configuration/pull-configuration.ts';
import type { KnownIdentities } from '../connectors/known-identities.projection.ts';
import type { RequireAdministrator } from '../enrollment/administrator.ts';
import { openRegistration, registerRequest } from '../enrollment/register-connector.ts';
import type { Registrations } from '../enrollment/registrations.ts';
import { refuse } from '../errors.ts';
import type { EndpointAnswer, EndpointHandler, EndpointRequest } from './endpoint-listener.ts';

export type ConnectorApiParts = {
  readonly tenant: string;
  readonly backbone: NatsConnection;
  readonly trusts: AssertionTrusts;
  readonly registration: CertificateAuthorityConfig['registration'];
  readonly registrations: Registrations;
  readonly requireAdministrator: RequireAdministrator;
  readonly issueContext: IssueContext;
  readonly known: () => KnownIdentities;
};

/** The routes of the connector endpoint; docs: README.md of this service. */
export function connectorApi(parts: ConnectorApiParts): EndpointHandler {
  return async (request) => {
    const { method, path } = request;
    if (path === '/v1/registrations/options') return only('GET', method, () => options(parts));
    if (path === '/v1/registrations') return only('POST', method, () => register(parts, request));
    if (path === '/v1/configuration') return only('GET', method, () => configuration(parts, request));
    const id = /^\/v1\/registrations\/([a-z0-9_-]{1,64})\/certificate$/.exec(path)?.[1];
    if (id !== undefined) return only('POST', method, () => certify(parts, request, id));
    throw refuse({
      status: 404,
      code: 'ERR_CA_NO_ROUTE',
      detail: 'nothing is served here',
      remedy: 'use /v1/registrations or /v1/configuration',
    });
  };
}

async function options({ registration }: ConnectorApiParts): Promise<EndpointAnswer> {
  return { status: 200, body: registration };
}

async function register(parts: ConnectorApiParts, request: EndpointRequest): Promise<EndpointAnswer> {
  const administrator = await parts.requireAdministrator(callerOf(request));
  const body = parseBody(registerRequest, await request.json());
  return { status: 201, body: openRegistration(parts.registrations, parts.tenant, administrator, body) };
}

async function certify(parts: ConnectorApiParts, request: EndpointRequest, id: string): Promise<EndpointAnswer> {
  const administrator = await parts.requireAdministrator(callerOf(request));
  const body = parseBody(certificateRequestBody, await request.json());
  const issued = await parts.registrations.use(id, administrator.subject, (registration) =>
    issueForRegistration(parts.issueContext, registration, administrator, body),
  );
  return { status: 201, body: issued };
}

async function configuration(parts: ConnectorApiParts, request: EndpointRequest): Promise<EndpointAnswer> {
  const { socket } = request;
  const presented = { certificate: socket.getPeerX509Certificate(), isVerified: socket.authorized };
  const connectorId = requireConnector(presented, parts.tenant, parts.known());
  const pulled = await pullConfiguration(parts, connectorId);
  const headers = { etag: pulled.etag };
  if (request.headers['if-none-match'] === pulled.etag) return { status: 304, headers };
  return { status: 200, headers, body: pulled.configuration };
}

function callerOf(request: EndpointRequest) {
  const client: ClientInfo = {
    address: request.address.slice(0, 64),
    userAgent: (request.headers['user-agent'] ?? '').slice(0, 400),
  };
  return { requestId: request.requestId, client, authorization: request.headers.authorization };
}

function only(expected: string, method: string, handle: () => Promise<EndpointAnswer>): Promise<EndpointAnswer> {
  if (method === expected) return handle();
  throw refuse({
    status: 405,
    code: 'ERR_CA_METHOD',
    detail: `method ${method.slice(0, 16)} is not served here`,
    remedy: `use ${expected}`,
  });
}

function parseBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.infer<Schema> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `${issue.path.join('.') || '(body)'}: ${issue.message}`);
  throw refuse({
    status: 422,
    code: 'ERR_CA_BODY_INVALID',
    detail: `request is not valid: ${problems.join('; ')}`.slice(0, 1000),
    remedy: 'correct the fields named',
  });
}
