import type { Msg, NatsConnection } from 'nats';
import { authCallout, connectorRights } from '#broker';
import { encodeAuthAnswer, encodeUserJwt } from '#libs/nats-identity';
import type { Logger } from '#libs/telemetry';
import type { Signers } from '../authority/signers.ts';
import type { KnownIdentities } from '../connectors/known-identities.projection.ts';
import type { RefusalRecorder } from '../enrollment/refusal-recorder.ts';
import { type ConnectionAttempt, parseCalloutRequest } from './callout-request.ts';
import { type ConnectionVerdict, judgeConnection } from './judge-connection.ts';
import type { Link, LiveLinks } from './live-links.ts';

/** Attempts judged at once; above it the hub gets no answer and refuses (its timeout is 5 s); the leaf tries again. */
const MAX_CONCURRENT = 256;

export type AuthCalloutOptions = {
  readonly tenant: string;
  readonly tenantConnection: NatsConnection;
  readonly signers: Signers;
  readonly account: string;
  /** Throws when the read model ended: nobody is let in on old truth. */
  readonly known: () => KnownIdentities;
  readonly links: LiveLinks;
  /** Whether a link let in earlier still stands. */
  readonly isStanding: (link: Link) => Promise<boolean>;
  readonly refusals: RefusalRecorder;
  readonly logger: Logger;
  readonly now: () => number;
};

/** Answers the hub for every user of the tenant's account that is not a service. No answer is a refusal too. */
export function serveAuthCallout(options: AuthCalloutOptions): { drain(): Promise<void> } {
  const { logger } = options;
  const running = new Set<Promise<void>>();
  const subscription = options.tenantConnection.subscribe(authCallout, {
    queue: 'certificate-authority',
    callback: (error, msg) => {
      if (error) return logger.error('auth callout subscription failed', { error });
      if (running.size >= MAX_CONCURRENT) return logger.warn('auth callout overloaded', { limit: MAX_CONCURRENT });
      const work = answer(options, msg).catch((failure: unknown) =>
        logger.error('auth callout failed', { error: failure }),
      );
      const tracked = work.finally(() => running.delete(tracked));
      running.add(tracked);
    },
  });
  return {
    drain: async () => {
      await subscription.drain();
      await Promise.all(running);
    },
  };
}

async function answer(options: AuthCalloutOptions, msg: Msg): Promise<void> {
  const attempt = parseCalloutRequest(msg.string());
  if (!attempt) return options.logger.warn('auth callout request is not readable');
  const verdict = judgeConnection(attempt, options.known(), {
    tenant: options.tenant,
    account: options.account,
    issuer: options.signers.connectorSigner.publicKey,
    nowSeconds: Math.floor(options.now() / 1000),
  });
  if (verdict.status === 'refused') {
    await respond(options, msg, attempt, { error: verdict.reason });
    return record(options, verdict);
  }
  const earlier = options.links.of(verdict.connectorId);
  if (earlier && (await options.isStanding(earlier))) return refuseSecond(options, msg, attempt, verdict.connectorId);
  await respond(options, msg, attempt, { jwt: await userFor(options, attempt, verdict) });
  if (attempt.connectionId !== undefined)
    options.links.remember(verdict.connectorId, { serverId: attempt.serverId, connectionId: attempt.connectionId });
  options.logger.info('connector let in', { connectorId: verdict.connectorId, address: attempt.address });
}

/**
 * The same identity from two places: the first stays. A link that broke unnoticed is gone at the hub within about 6 s, and the
 * leaf tries again every second; so one attempt a minute is recorded, not each.
 */
async function refuseSecond(
  options: AuthCalloutOptions,
  msg: Msg,
  attempt: ConnectionAttempt,
  connectorId: string,
): Promise<void> {
  const reason = 'already-connected';
  await respond(options, msg, attempt, { error: reason });
  if (!options.links.shouldReport(connectorId, options.now())) return;
  const detail = `a second connection from ${attempt.address} while the first stands`;
  await options.refusals.record({ type: 'ConnectorConnectionRefused', data: { reason, detail, connectorId } });
}

/** The rights of the answer replace those of the presented JWT: the group is the one routing assigned last. */
function userFor(
  options: AuthCalloutOptions,
  attempt: ConnectionAttempt,
  verdict: Extract<ConnectionVerdict, { status: 'accepted' }>,
): Promise<string> {
  const { connectorId, connectorGroupId } = verdict;
  return encodeUserJwt({
    name: connectorId,
    publicKey: attempt.userKey,
    account: options.account,
    signer: options.signers.tenantSigner,
    permissions: connectorRights({ id: connectorId, groupId: connectorGroupId }),
  });
}

async function respond(
  options: AuthCalloutOptions,
  msg: Msg,
  attempt: ConnectionAttempt,
  answered: { readonly jwt: string } | { readonly error: string },
): Promise<void> {
  const text = await encodeAuthAnswer({
    userKey: attempt.userKey,
    serverId: attempt.serverId,
    account: options.account,
    signer: options.signers.tenantSigner,
    answer: answered,
  });
  msg.respond(text);
}

async function record(
  options: AuthCalloutOptions,
  verdict: Extract<ConnectionVerdict, { status: 'refused' }>,
): Promise<void> {
  const { reason, detail, connectorId } = verdict;
  await options.refusals.record({
    type: 'ConnectorConnectionRefused',
    data: { reason, detail: detail.slice(0, 400), connectorId: connectorId.slice(0, 128) },
  });
}
