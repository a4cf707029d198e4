import { createPrivateKey, X509Certificate } from 'node:crypto';
import { SallyportError, toPublicError } from '#libs/errors';
import type { Logger } from '#libs/telemetry';
import { badState } from '../errors.ts';
import {
  type ConnectorIdentity,
  readIdentity,
  readOptionalStateFile,
  readStateFile,
  type StatePaths,
} from '../state-directory.ts';
import { findNatsServer, type NatsServerBinary } from './find-nats-server.ts';

/** A certificate with less than this left is announced at every start. */
export const EXPIRY_WARNING_DAYS = 30;
const DAY_MS = 86_400_000;

/** What `run` needs, all of it proved readable and fitting together. */
export type CheckedState = {
  readonly identity: ConnectorIdentity;
  readonly certificate: string;
  readonly privateKey: string;
  /** PEM texts for the configuration endpoint. */
  readonly trust: readonly string[];
  /** PEM texts for origins' certificates. */
  readonly originTrust: readonly string[];
  readonly savedConfiguration: string | undefined;
  readonly natsServer: NatsServerBinary;
};

export type StartupChecksOptions = {
  readonly paths: StatePaths;
  readonly natsServer: Parameters<typeof findNatsServer>[0];
  readonly now: Date;
  readonly logger: Logger;
};

/** Runs every check, logs one line each, and fails once with all that is wrong. Retrying helps with none of them. */
export async function runStartupChecks(options: StartupChecksOptions): Promise<CheckedState> {
  const { paths, logger } = options;
  const problems: string[] = [];
  const check = async <T>(name: string, run: () => Promise<T> | T): Promise<T | undefined> => {
    try {
      const value = await run();
      logger.info('startup check', { check: name, isOk: true });
      return value;
    } catch (error) {
      const { message } = toPublicError(error);
      logger.error('startup check', { check: name, isOk: false, text: message });
      problems.push(message);
      return undefined;
    }
  };
  const identity = await check('identity', () => readIdentity(paths));
  const privateKey = await check('private key', () => readStateFile(paths.privateKey));
  const certificate = await check('certificate', () => readStateFile(paths.certificate));
  const trust = await check('trusted certificates', () => readStateFile(paths.trust));
  await check('NATS credentials', () => readStateFile(paths.credentials));
  if (certificate && privateKey)
    await check('certificate dates and key', () => requireUsable(certificate, privateKey, options));
  const natsServer = await check('nats-server', () => findNatsServer(options.natsServer));
  const endpointTrust = await readOptionalStateFile(paths.endpointTrust);
  const originTrust = await readOptionalStateFile(paths.originTrust);
  const savedConfiguration = await readOptionalStateFile(paths.configuration);
  if (!identity || !privateKey || !certificate || !trust || !natsServer || problems.length > 0) {
    throw new SallyportError('ERR_CONFIG_CONNECTOR_CHECKS', `connector cannot start: ${problems.join('; ')}`, {
      expose: true,
      details: { problems },
    });
  }
  const trusts = endpointTrust === undefined ? [trust] : [trust, endpointTrust];
  return {
    identity,
    certificate,
    privateKey,
    trust: trusts,
    originTrust: originTrust === undefined ? [] : [originTrust],
    savedConfiguration,
    natsServer,
  };
}

function requireUsable(certificatePem: string, privateKeyPem: string, options: StartupChecksOptions): void {
  const { certificate: file, privateKey: keyFile } = options.paths;
  let certificate: X509Certificate;
  let isOwn: boolean;
  try {
    certificate = new X509Certificate(certificatePem);
    isOwn = certificate.checkPrivateKey(createPrivateKey(privateKeyPem));
  } catch (cause) {
    throw badState(`${file} or ${keyFile} is not readable PEM; register this connector again with --force`, cause);
  }
  if (!isOwn) throw badState(`${file} does not belong to ${keyFile}; register this connector again with --force`);
  const leftMs = Date.parse(certificate.validTo) - options.now.getTime();
  if (leftMs <= 0)
    throw badState(`certificate ${file} expired at ${certificate.validTo}; register this connector again with --force`);
  if (leftMs < EXPIRY_WARNING_DAYS * DAY_MS)
    options.logger.warn('certificate expires soon', { expiresAt: certificate.validTo });
}
