import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { evolveServiceToken, initialServiceTokenState, type ServiceTokenFact } from '#libs/contracts';
import { deciderSpec } from '#libs/events/testing';
import {
  hashSecret,
  judgeServiceToken,
  readServiceToken,
} from '../../../../services/auth/src/service-tokens/judge-service-token.ts';
import { makeSecret, serviceTokenIdOf } from '../../../../services/auth/src/service-tokens/make-service-token.ts';
import { serviceTokenDecider } from '../../../../services/auth/src/service-tokens/service-token.decide.ts';

const check = deciderSpec(serviceTokenDecider);
const NOW = Date.parse('2026-11-22T10:00:00Z');
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const at = (ms: number) => new Date(ms).toISOString();
const [A, B, C] = ['a', 'b', 'c'].map((one) => hashSecret(one.repeat(32))) as [string, string, string];

const issued = (change: object = {}): ServiceTokenFact => ({
  type: 'ServiceTokenIssued',
  data: { name: 'ci', appIds: ['app_1'], secretHash: A, expiresAt: at(NOW + 90 * DAY_MS), ...change },
});
const rotated = (secretHash: string, previousUntilMs: number, endMs = NOW + 90 * DAY_MS): ServiceTokenFact => ({
  type: 'ServiceTokenRotated',
  data: { secretHash, expiresAt: at(endMs), previousUntil: at(previousUntilMs) },
});
const revoked: ServiceTokenFact = { type: 'ServiceTokenRevoked', data: { reason: 'lost' } };
const issue = { type: 'IssueServiceToken', name: 'ci', appIds: ['app_1', 'app_1'], secretHash: A, nowMs: NOW } as const;
const rotate = { type: 'RotateServiceToken', secretHash: B, nowMs: NOW } as const;

describe('service token', () => {
  it('is issued once, for 90 days unless said, for each app once', () => {
    check({ when: issue, facts: [issued()] });
    check({ when: { ...issue, lifetimeDays: 1 }, facts: [issued({ expiresAt: at(NOW + DAY_MS) })] });
    check({ given: [issued()], when: issue, error: 'ERR_SERVICE_TOKEN_EXISTS' });
  });

  it('is rotated with an overlap of a day unless said', () => {
    check({ given: [issued()], when: rotate, facts: [rotated(B, NOW + DAY_MS)] });
    check({ given: [issued()], when: { ...rotate, overlapHours: 0 }, facts: [rotated(B, NOW)] });
    check({ when: rotate, error: 'ERR_SERVICE_TOKEN_ABSENT' });
    check({ given: [issued(), revoked], when: rotate, error: 'ERR_SERVICE_TOKEN_REVOKED' });
  });

  it('changes its apps, and says nothing when they stay', () => {
    const change = (...appIds: string[]) => ({ type: 'ChangeServiceTokenApps', appIds }) as const;
    check({ given: [issued()], when: change('app_1', 'app_1'), facts: [] });
    const facts: ServiceTokenFact[] = [{ type: 'ServiceTokenAppsChanged', data: { appIds: ['app_2'] } }];
    check({ given: [issued()], when: change('app_2'), facts });
    check({ given: [issued(), revoked], when: change('app_2'), error: 'ERR_SERVICE_TOKEN_REVOKED' });
    check({ when: change('app_2'), error: 'ERR_SERVICE_TOKEN_ABSENT' });
  });

  it('is revoked once, for good', () => {
    const when = { type: 'RevokeServiceToken', reason: 'lost' } as const;
    check({ given: [issued()], when, facts: [revoked] });
    check({ given: [issued(), revoked], when, facts: [] });
    check({ when, error: 'ERR_SERVICE_TOKEN_ABSENT' });
  });
});

describe('service tokens that are brought', () => {
  const judge = (facts: readonly ServiceTokenFact[], secretHash: string, nowMs = NOW, appId = 'app_1') => {
    const judged = judgeServiceToken(
      facts.reduce(evolveServiceToken, initialServiceTokenState),
      { id: 'stk_x', secretHash },
      { appId, nowMs },
    );
    return judged.status === 'accepted' ? judged.expiresAt : judged.reason;
  };
  const overlap = [issued(), rotated(B, NOW + HOUR_MS)];
  const cases: readonly [string, readonly ServiceTokenFact[], string, number, string][] = [
    ['count until their day', [issued()], A, NOW, at(NOW + 90 * DAY_MS)],
    ['do not count on it', [issued()], A, NOW + 90 * DAY_MS, 'service-token-expired'],
    ['count within the overlap, and no longer', overlap, A, NOW, at(NOW + HOUR_MS)],
    ['do not count after it', overlap, A, NOW + HOUR_MS, 'service-token-expired'],
    ['count with the new secret', overlap, B, NOW + HOUR_MS, at(NOW + 90 * DAY_MS)],
    ['keep their end when rotated twice', [...overlap, rotated(C, NOW + DAY_MS)], A, NOW, at(NOW + HOUR_MS)],
    ['end all with an overlap of nothing', [...overlap, rotated(C, NOW)], A, NOW, 'service-token-expired'],
    [
      'are three at most',
      [...overlap, rotated(C, NOW + DAY_MS), rotated(hashSecret('d'), NOW + DAY_MS)],
      A,
      NOW,
      'service-token-invalid',
    ],
    [
      'live no longer for being rotated',
      [issued({ expiresAt: at(NOW + 1) }), rotated(B, NOW + DAY_MS)],
      A,
      NOW,
      at(NOW + 1),
    ],
    [
      'do not outlive the newest for a long overlap',
      [issued(), rotated(B, NOW + 7 * DAY_MS, NOW + DAY_MS)],
      A,
      NOW,
      at(NOW + DAY_MS),
    ],
    ['do not count with another secret', [issued()], B, NOW, 'service-token-invalid'],
    ['do not count with a hash of another length', [issued()], A.slice(1), NOW, 'service-token-invalid'],
    ['do not count when revoked', [issued(), revoked], A, NOW, 'service-token-revoked'],
    ['tell nothing to whoever guesses, revoked or not', [issued(), revoked], B, NOW, 'service-token-invalid'],
    ['do not count when nobody issued them', [], A, NOW, 'service-token-invalid'],
    ['take a day that cannot be read for over', [issued({ expiresAt: '' })], A, NOW, 'service-token-expired'],
  ];
  for (const [name, facts, secretHash, nowMs, expected] of cases)
    it(name, () => expect(judge(facts, secretHash, nowMs)).to.equal(expected));

  it('count for the apps they name alone', () => {
    expect(judge([issued()], A, NOW, 'app_2')).to.equal('service-token-of-another-app');
    expect(judge([issued()], A, NOW, 'portal')).to.equal('service-token-of-another-app');
  });

  it('are read as they were made, and nothing else is', () => {
    const id = serviceTokenIdOf('cmd_1');
    const { secretHash, tokenOf } = makeSecret();
    expect(readServiceToken(tokenOf(id))).to.deep.equal({ id, secretHash });
    expect(serviceTokenIdOf('cmd_1')).to.equal(id);
    expect(makeSecret().secretHash).not.to.equal(secretHash);
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(readServiceToken(text)).to.equal(undefined);
        expect(readServiceToken(`${tokenOf(id)}${text}`)).to.satisfy(
          (read: unknown) => text === '' || read === undefined,
        );
      }),
    );
  });
});
