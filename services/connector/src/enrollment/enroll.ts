import { createPrivateKey, X509Certificate } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Secret } from '#libs/config';
import { isSallyportError } from '#libs/errors';
import { createNkey, credentialsOf, decodeJwt, type Nkey } from '#libs/nats-identity';
import { createKeyAndRequest } from '#libs/pki';
import { badAnswer, badUsage } from '../errors.ts';
import { createServiceClient, type ServiceClient } from '../service-client.ts';
import { type ConnectorIdentity, installState, isOccupied, type StatePaths, statePaths } from '../state-directory.ts';
import { CONNECTOR_VERSION } from '../version.ts';
import { createRegistrationApi, type Issued, pullConfiguration, type RegistrationOptions } from './registration-api.ts';

/** Attempts at the first configuration, with a pause that grows by this much each time: 5 s in all. */
export const FIRST_PULL_ATTEMPTS = 5;
export const FIRST_PULL_WAIT_MS = 500;

export type EnrollOptions = {
  /** `https://host:port` of the service's connector endpoint. */
  readonly service: string;
  readonly name: string;
  readonly machineName: string;
  /** Null: the connector stays pending until an administrator assigns a group. */
  readonly connectorGroupId: string | null;
  readonly stateDir: string;
  /** PEM of authorities the endpoint's certificate may come from, besides the system's. */
  readonly endpointTrust: string | undefined;
  /** Whether an existing state directory may be replaced. */
  readonly force: boolean;
  /** Gets the administrator's access token; asks the service first where from when it needs to know. */
  acquireToken(options: () => Promise<RegistrationOptions>): Promise<Secret<string>>;
};

export type Enrollment = {
  readonly identity: ConnectorIdentity;
  readonly paths: StatePaths;
  readonly status: 'pending' | 'active' | 'revoked';
  readonly connectorGroupId: string | null;
  readonly certificateExpiresAt: string;
  readonly appCount: number;
};

/**
 * Registers this connector as the article tells it: the token is presented first; a refusal ends everything before a key
 * or a file exists. Then key and request are made here, and only the request leaves. Then the configuration is pulled
 * with the new certificate. The state directory appears whole, or not at all.
 */
export async function enroll(options: EnrollOptions): Promise<Enrollment> {
  if (!options.force && (await isOccupied(options.stateDir)))
    throw badUsage(`state directory ${options.stateDir} is not empty; choose another, or replace it with --force`);
  const trust = options.endpointTrust === undefined ? [] : [options.endpointTrust];
  const client = createServiceClient({ trust });
  try {
    const api = createRegistrationApi(client, options.service);
    const token = await options.acquireToken(api.options);
    const { name, machineName, connectorGroupId } = options;
    const registration = await api.register(token, { name, machineName, connectorGroupId });
    const key = await createKeyAndRequest({ commonName: registration.connectorId });
    const user = createNkey('user');
    const issued = await api.requestCertificate(token, registration.registrationId, {
      certificateRequest: key.requestPem,
      userPublicKey: user.publicKey,
      machineName,
      version: CONNECTOR_VERSION,
    });
    requireOwn(issued, { connectorId: registration.connectorId, privateKeyPem: key.privateKeyPem, user });
    return await settle(options, issued, { privateKeyPem: key.privateKeyPem, user });
  } finally {
    await client.close();
  }
}

/** The answer must carry our key, our name and our NATS user: anything else is another connector's identity. */
function requireOwn(
  issued: Issued,
  own: { readonly connectorId: string; readonly privateKeyPem: string; readonly user: Nkey },
): void {
  const leaf = firstCertificate(issued.certificate);
  if (issued.connectorId !== own.connectorId || leaf.subject !== `CN=${own.connectorId}`)
    throw badAnswer('the certificate names another connector');
  if (!leaf.checkPrivateKey(createPrivateKey(own.privateKeyPem)))
    throw badAnswer('the certificate does not hold the key of this connector');
  const jwt = decodeJwt(issued.userJwt);
  if (jwt.status === 'refused' || jwt.claims.sub !== own.user.publicKey)
    throw badAnswer('the NATS user JWT is not for the key of this connector');
}

async function settle(
  options: EnrollOptions,
  issued: Issued,
  own: { readonly privateKeyPem: string; readonly user: Nkey },
): Promise<Enrollment> {
  const identity: ConnectorIdentity = {
    formatVersion: 1,
    connectorId: issued.connectorId,
    tenant: issued.tenant,
    name: options.name,
    machineName: options.machineName,
    configurationUrl: issued.configurationUrl,
    leafAddresses: issued.leafAddresses,
    registeredAt: new Date().toISOString(),
  };
  const { configuration } = await firstPull(options, issued, own.privateKeyPem);
  const files = new Map<keyof StatePaths, string>([
    ['identity', `${JSON.stringify(identity, null, 2)}\n`],
    ['privateKey', own.privateKeyPem],
    ['certificate', issued.certificate],
    ['trust', issued.trustedCertificates],
    ['credentials', credentialsOf(issued.userJwt, own.user)],
    ['configuration', `${JSON.stringify(configuration, null, 2)}\n`],
  ]);
  if (options.endpointTrust !== undefined) files.set('endpointTrust', options.endpointTrust);
  await installState(options.stateDir, files);
  return {
    identity,
    paths: statePaths(options.stateDir),
    status: configuration.status,
    connectorGroupId: configuration.connectorGroupId,
    certificateExpiresAt: new Date(firstCertificate(issued.certificate).validTo).toISOString(),
    appCount: configuration.apps.length,
  };
}

async function firstPull(options: EnrollOptions, issued: Issued, privateKey: string) {
  const trust = [issued.trustedCertificates, ...(options.endpointTrust === undefined ? [] : [options.endpointTrust])];
  const client = createServiceClient({ trust, identity: { certificate: issued.certificate, privateKey } });
  try {
    const pulled = await pullPatiently(client, issued.configurationUrl);
    if (!pulled || pulled.configuration.connectorId !== issued.connectorId)
      throw badAnswer('the configuration is not for this connector');
    return pulled;
  } finally {
    await client.close();
  }
}

/** The service may need a moment until the new connector is known to all of it. */
async function pullPatiently(client: ServiceClient, url: string) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await pullConfiguration(client, url);
    } catch (error) {
      if (attempt === FIRST_PULL_ATTEMPTS || !isSallyportError(error)) throw error;
      await delay(FIRST_PULL_WAIT_MS * attempt);
    }
  }
}

function firstCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw badAnswer('the certificate is not readable', cause);
  }
}
