import { expect } from 'chai';
import { describe, it } from 'mocha';
import { type AccessInputs, compilePolicySet, decideByInputs } from '#libs/conditional-access';
import { type AppState, accessPolicy } from '#libs/contracts';

const INPUTS: AccessInputs = {
  appId: 'app_a',
  subject: 'bob',
  groups: ['g1'],
  directoryRoles: [],
  isGuest: null,
  authenticatedAtMs: 0,
  sessionStartedAtMs: 0,
  authenticationContexts: [],
  address: '192.0.2.1',
  sessionAddress: '192.0.2.1',
  country: null,
  platform: null,
  deviceStates: null,
  clientKind: null,
  signInRisk: null,
  userRisk: null,
  nowMs: 60_000,
};
const app = (change: object = {}) =>
  ({ status: 'published', users: ['bob'], groups: [], roles: [], ...change }) as unknown as AppState;
const C1 = { kind: 'authentication-strength', context: 'c1' };
const set = (...policies: readonly object[]) =>
  compilePolicySet({
    changes: policies.length,
    locations: [],
    policies: policies.map((written, index) => ({
      version: index + 1,
      document: accessPolicy.parse({
        id: `p${index}`,
        name: `P${index}`,
        state: 'on',
        assignments: { users: { include: 'all' }, apps: { include: 'all' } },
        grant: { kind: 'block' },
        ...written,
      }),
    })),
  });
const RISK = { conditions: { userRisk: ['high'] } };
const STEP_UP = { grant: { kind: 'require', controls: [C1] } };
const DEVICE = { grant: { kind: 'require', controls: [{ kind: 'compliant-device' }] } };

describe('decision by inputs', () => {
  for (const [what, of, policies, changes, verdict, ...reasons] of [
    ['passes without a policy', app(), set(), {}, 'granted', 'app-published', 'user-assigned', 'policies-passed'],
    ['opens the portal to everybody', 'portal', set(), { groups: null }, 'granted', 'policies-passed'],
    ['lets policies close the portal', 'portal', set({}), {}, 'denied', 'policy-blocked'],
    [
      'assigns by group',
      app({ users: [], groups: ['g1'] }),
      set(),
      {},
      'granted',
      'app-published',
      'user-assigned',
      'policies-passed',
    ],
    [
      'assigns a user whose GUID is written in another case',
      app({ users: ['AAAAAAAA-2222-4333-8444-555555555555'] }),
      set(),
      { subject: 'aaaaaaaa-2222-4333-8444-555555555555' },
      'granted',
      'app-published',
      'user-assigned',
      'policies-passed',
    ],
    [
      'assigns a group whose GUID is written in another case',
      app({ users: [], groups: ['aaaaaaaa-2222-4333-8444-555555555555'] }),
      set(),
      { groups: ['AAAAAAAA-2222-4333-8444-555555555555'] },
      'granted',
      'app-published',
      'user-assigned',
      'policies-passed',
    ],
    [
      'assigns nobody by another case of what is no GUID',
      app({ users: ['BOB'] }),
      set(),
      {},
      'denied',
      'app-published',
      'user-unassigned',
    ],
    [
      'assigns nobody by unknown groups',
      app({ users: [], groups: ['g1'] }),
      set(),
      { groups: null },
      'denied',
      'app-published',
      'groups-unknown',
    ],
    [
      'does not blame unknown groups where no group is assigned',
      app({ users: [], roles: ['Reader'] }),
      set(),
      { groups: null, roles: ['Writer'] },
      'denied',
      'app-published',
      'user-unassigned',
    ],
    [
      'needs no groups of whom an app role assigns',
      app({ users: [], groups: ['g1'], roles: ['Reader'] }),
      set(),
      { groups: null, roles: ['Reader'] },
      'granted',
      'app-published',
      'app-role-assigned',
      'policies-passed',
    ],
    [
      'reads a decision that was recorded before app roles counted',
      app({ users: [], roles: ['Reader'] }),
      set(),
      { roles: undefined },
      'denied',
      'app-published',
      'user-unassigned',
    ],
    [
      'asks nothing of whom nobody assigned',
      app({ users: [] }),
      set(STEP_UP),
      {},
      'denied',
      'app-published',
      'user-unassigned',
    ],
    ['denies a retired app', app({ status: 'retired' }), set(), {}, 'denied', 'app-retired'],
    [
      'blocks before all else',
      app(),
      set(RISK, STEP_UP, {}),
      {},
      'denied',
      'app-published',
      'user-assigned',
      'policy-blocked',
    ],
    [
      'tells what is unknown before what is not fulfilled',
      app(),
      set(DEVICE, RISK),
      { deviceStates: ['joined'] },
      'denied',
      'app-published',
      'user-assigned',
      'policy-input-missing',
    ],
    [
      'denies what the user cannot bring',
      app(),
      set(DEVICE, STEP_UP),
      { deviceStates: [] },
      'denied',
      'app-published',
      'user-assigned',
      'policy-unsatisfied',
    ],
    [
      'asks for what the user can bring',
      app(),
      set(STEP_UP),
      {},
      'challenged',
      'app-published',
      'user-assigned',
      'step-up-required',
    ],
    [
      'is content when it was brought',
      app(),
      set(STEP_UP),
      { authenticationContexts: ['c1'] },
      'granted',
      'app-published',
      'user-assigned',
      'policies-passed',
    ],
    [
      'says nothing of report-only blocks',
      app(),
      set({ state: 'report-only' }, DEVICE),
      { deviceStates: [] },
      'denied',
      'app-published',
      'user-assigned',
      'policy-unsatisfied',
    ],
  ] as const) {
    it(what, () => {
      const decision = decideByInputs(of, policies, { ...INPUTS, ...changes });
      expect([decision.verdict, ...decision.reasons]).to.deep.equal([verdict, ...reasons]);
    });
  }
});
