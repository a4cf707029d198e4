import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import {
  accessPolicy,
  authorize,
  changePolicySet,
  newId,
  type UserSessionFact,
  userSessionAggregate,
} from '#libs/contracts';
import { openEventStore } from '#libs/events';
import { metadataOf } from '#libs/events/testing';
import { callEndpoint } from '#libs/messaging';
import { createLogger } from '#libs/telemetry';
import { AUTH_AGGREGATES } from '../../../../services/auth/src/ports.ts';
import { typeSealer } from '../../../../services/auth/src/preauth/sealed-values.ts';
import { createNodeCryptoSealer } from '../../../../services/auth/src/sealing/node-crypto-sealer.ts';
import { loadSealingKeys } from '../../../../services/auth/src/sealing/sealing-keys.ts';
import { ingressLimits } from '../../../../services/ingress/src/config.ts';
import { Decisions } from '../../../../services/ingress/src/decisions/decision-cache.ts';
import { MAX_QUESTION_WAIT_MS } from '../../../../services/ingress/src/decisions/question-queue.ts';
import { listenForRevocations } from '../../../../services/ingress/src/decisions/revocation-listener.ts';
import { demoDirectory } from '../../../support/identity-provider.ts';
import { until } from '../../../support/until.ts';
import { type AuthWorld, published, startAuthWorld, TENANT } from '../../auth/support/auth-world.ts';

const [, BOB] = demoDirectory.users;
const SESSIONS = 1_000;
const SESSION_SECONDS = 3_600;
const client = { address: '192.0.2.7', userAgent: 'spec' };
const logger = createLogger({ service: 'spec', write: () => undefined });

/** The decisions of ingresses, as they run by default, in front of the real auth. */
describe('a thousand people', function flood() {
  this.timeout(60_000);
  let world: AuthWorld;
  /** Of two ingresses. */
  let ingresses: readonly Decisions[];
  let listeners: readonly { stop(): void }[];
  let cookies: readonly string[];
  before(async () => {
    world = await startAuthWorld();
    await world.appendApp('app_wiki', published({ users: [BOB.oid] }));
    await until(() => world.revocations.some(({ appIds }) => appIds.includes('app_wiki')));
    const store = await openEventStore(await world.broker.connectAs('auth', 'core'), AUTH_AGGREGATES);
    const keys = loadSealingKeys(join(world.keyDirectory, 'sealing-keys.json'), 30, new Date());
    const sealer = typeSealer(createNodeCryptoSealer(keys, Date.now));
    cookies = await Promise.all(
      Array.from({ length: SESSIONS }, async () => {
        const sessionId = newId('ses');
        const ref = { tenant: TENANT, type: userSessionAggregate, id: sessionId };
        const outcome = await store.append(ref, 0, [started(world.idp.issuer)], metadataOf(newId('cmd')));
        // `duplicate`: a publish was repeated because its acknowledgment took long.
        if (outcome.status === 'conflict') throw new Error(outcome.status);
        return sealer.seal('access', { sessionId, appId: 'app_wiki' }, SESSION_SECONDS);
      }),
    );
    const { maxDecisions, maxPendingDecisions } = ingressLimits.parse({});
    ingresses = [0, 1].map(
      () =>
        new Decisions({
          authorize: (question) => callEndpoint(world.ingress, TENANT, authorize, question, { timeoutMs: 5_000 }),
          maxDecisions,
          maxPending: maxPendingDecisions,
          now: () => Date.now(),
          logger,
        }),
    );
    listeners = ingresses.map((decisions) => listenForRevocations(world.ingress, TENANT, decisions, logger));
  });
  after(async () => {
    for (const listener of listeners ?? []) listener.stop();
    for (const decisions of ingresses ?? []) decisions.stop();
    await world?.stop();
  });

  /** All at once; how long the slowest took, milliseconds, and what each was told. */
  async function askAll(
    decisions: Decisions,
  ): Promise<{ readonly slowestMs: number; readonly verdicts: readonly string[] }> {
    const beganAtMs = performance.now();
    let slowestMs = 0;
    const verdicts = await Promise.all(
      cookies.map(async (accessCookie) => {
        const question = { appId: 'app_wiki', accessCookie, requestId: 'req_spec', client };
        const { verdict } = await decisions.decide(question);
        slowestMs = Math.max(slowestMs, performance.now() - beganAtMs);
        return verdict;
      }),
    );
    return { slowestMs, verdicts: [...new Set(verdicts)] };
  }

  let policies = 0;
  /** Voids every decision. */
  async function changePolicies(): Promise<void> {
    policies += 1;
    const before = world.revocations.length;
    const policy = accessPolicy.parse({
      id: `p${policies}`,
      name: `Policy ${policies}`,
      state: 'on',
      assignments: { users: { include: 'all' }, apps: { include: 'all' } },
      grant: { kind: 'allow' },
      session: { maxSessionMinutes: 600 },
    });
    await callEndpoint(world.console, TENANT, changePolicySet, {
      commandId: newId('cmd'),
      actor: { kind: 'local-operator', id: 'local-operator' },
      correlationId: 'spec',
      change: { kind: 'put-policy', policy },
    });
    await until(() => world.revocations.slice(before).some(({ everything }) => everything), { what: 'the revocation' });
    await until(() => ingresses.every(({ size }) => size === 0), { what: 'the change to void all decisions' });
  }

  it('are all let in when they come at once, and again after a change of the policies: nobody reads that auth is away', async () => {
    const [decisions] = ingresses;
    if (decisions === undefined) throw new Error('no ingress');
    // The first word an ingress hears of auth voids everything as well.
    await changePolicies();
    expect((await askAll(decisions)).verdicts).to.deep.equal(['allow']);
    expect(decisions.size).to.equal(SESSIONS);
    await changePolicies();
    const { slowestMs, verdicts } = await askAll(decisions);
    expect(verdicts).to.deep.equal(['allow']);
    expect(slowestMs).to.be.lessThan(MAX_QUESTION_WAIT_MS);
  });

  it('are all let in by two ingresses, which ask more together than auth works on', async () => {
    await changePolicies();
    for (const { slowestMs, verdicts } of await Promise.all(ingresses.map(askAll))) {
      expect(verdicts).to.deep.equal(['allow']);
      expect(slowestMs).to.be.lessThan(MAX_QUESTION_WAIT_MS);
    }
  });
});

function started(identityProvider: string): UserSessionFact {
  const now = Date.now();
  return {
    type: 'SessionStarted',
    data: {
      principal: {
        subject: BOB.oid,
        directoryTenant: demoDirectory.tenantId,
        username: 'bob@sallyport.example',
        name: 'Bob',
        email: null,
        groups: [],
        roles: [],
        directoryRoles: [],
      },
      identityProvider,
      authenticationContexts: [],
      authenticatedAt: new Date(now).toISOString(),
      expiresAt: new Date(now + SESSION_SECONDS * 1000).toISOString(),
      ...client,
    },
  };
}
