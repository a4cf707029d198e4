import type { PolicyFinding, PolicySetState } from '#libs/contracts';

/**
 * While there are several identity providers: the policies that spare somebody by an id, which somebody else may have at another of them.
 * Sparing is what widens access; one that includes too many asks for more than was meant. One that names its apps is taken to be for
 * people of their provider. Policies that are off are looked at too: they may be switched on. Pure.
 */
export function findSharedIds(state: PolicySetState): readonly PolicyFinding[] {
  return state.policies.flatMap(({ document }) => {
    const { users, apps } = document.assignments;
    const { users: subjects, groups, directoryRoles } = users.exclude;
    if (apps.include !== 'all' || subjects.length + groups.length + directoryRoles.length === 0) return [];
    const text =
      'there are several identity providers, and the policy spares whoever has one of these ids at any of them: let it name the apps of the one that is meant';
    return [{ policyId: document.id, clause: 'assignments.users.exclude', text }];
  });
}
