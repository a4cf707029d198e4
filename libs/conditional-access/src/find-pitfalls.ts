import type { AccessPolicy, PolicyFinding, PolicySetState } from '#libs/contracts';

type Remark = { readonly clause: string; readonly text: string };

/** States that no identity provider tells auth: see deviceStatesOf of auth. */
const UNTOLD_STATES: readonly string[] = ['flagged', 'unregistered'];

/**
 * What an admin may not expect of a sound policy: it refuses people of whom nobody says what it asks for, or programs that cannot bring
 * it. Policies that are off are looked at too: they may be switched on. Pure and total.
 */
export function findPitfalls(state: PolicySetState): readonly PolicyFinding[] {
  return state.policies.flatMap(({ document }) =>
    [
      ...remarksOnRisks(document),
      ...remarksOnDevices(document),
      ...remarksOnMachines(document),
      ...remarksOnCookies(document),
    ].map((remark) => ({ policyId: document.id, ...remark })),
  );
}

function remarksOnRisks({ conditions }: AccessPolicy): readonly Remark[] {
  const asked = [
    ['signInRisk', 'session', 'sallyport sessions risk'],
    ['userRisk', 'user', 'sallyport users risk'],
  ] as const;
  return asked.flatMap(([name, of, command]) => {
    if (conditions[name] === undefined) return [];
    const text = `the policy refuses everybody whose ${of} has no level yet, whatever the level it looks for: \`${command}\` says one`;
    return [{ clause: `conditions.${name}`, text }];
  });
}

function remarksOnDevices({ conditions: { deviceStates } }: AccessPolicy): readonly Remark[] {
  const untold = (deviceStates ?? []).filter((state) => UNTOLD_STATES.includes(state));
  if (untold.length === 0) return [];
  const text = `no identity provider says yet whether a device is ${untold.join(' or ')}: nobody is found by that`;
  return [{ clause: 'conditions.deviceStates', text }];
}

/**
 * Of policies that name machines: one for all clients may mean to keep them out. A program proves no second factor and no device, and
 * nobody ever signed in with it: its sign-in and session are older than any policy allows, and began nowhere.
 */
function remarksOnMachines({ conditions: { clientKinds }, grant, session }: AccessPolicy): readonly Remark[] {
  if (clientKinds?.includes('machine') !== true) return [];
  const ages = (['signInFrequencyMinutes', 'maxSessionMinutes'] as const).filter((name) => session[name] !== undefined);
  const controls = [...ages, ...(session.bindToNetwork === true ? ['bindToNetwork'] : [])];
  const refusing = [...(grant.kind === 'require' ? ['grant'] : []), ...controls.map((name) => `session.${name}`)];
  const isKept = session.persistentBrowser !== undefined && clientKinds.length === 1;
  return [
    ...refusing.map((clause) => ({ clause, text: 'machines are refused: no program can bring what is required' })),
    ...(isKept ? [{ clause: 'session.persistentBrowser', text: 'machines have no cookies: it changes nothing' }] : []),
  ];
}

function remarksOnCookies({ assignments: { apps }, session, grant }: AccessPolicy): readonly Remark[] {
  const isForAll = apps.include === 'all' && apps.exclude.length === 0;
  if (session.persistentBrowser === undefined || isForAll || grant.kind === 'block') return [];
  const text =
    'the cookie of the sign-in host, which all apps share, follows the app that was signed in to: give this control to a policy for all apps';
  return [{ clause: 'session.persistentBrowser', text }];
}
