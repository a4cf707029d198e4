import { z } from 'zod';
import { accessPolicy, policySet } from '#libs/contracts';
import type { Command } from '../command.ts';
import { printable } from '../output/table.ts';
import type { Api } from '../system/api-client.ts';
import { applyPolicies } from './apply-policies.ts';
import { appsOf, conditionsOf, grantOf, sessionOf, whoOf } from './describe-policy.ts';
import { findingLines, peopleRows } from './policies-text.ts';
import { pick } from './resources.ts';

const removed = z.object({ id: z.string(), removed: z.literal(true) });
const policyShown = z.object({ version: z.number(), policy: accessPolicy, findings: policySet.reply.shape.findings });

export const policyCommands: readonly Command[] = [
  {
    name: 'policies list',
    summary: 'List conditional access policies, and what you should know about them',
    run: async ({ api: connect, out }) => {
      const { revision, policies, findings } = await (await connect()).call(policySet.reply, 'GET', 'policy-set');
      out.result({ revision, policies, findings }, () => {
        const rows = policies.map(({ version, policy }) => [
          policy.name,
          policy.state,
          whoOf(policy),
          appsOf(policy),
          conditionsOf(policy)
            .map(([name]) => name)
            .join(', ') || 'always',
          grantOf(policy),
          String(version),
          policy.id,
        ]);
        const header = ['name', 'state', 'who', 'apps', 'conditions', 'grant', 'version', 'id'];
        const whenEmpty =
          'no policies: whoever is assigned to an app may open it; `sallyport policies apply <file>` adds some';
        return `${out.table(header, rows, whenEmpty)}${findingLines(findings)}`;
      });
      return undefined;
    },
  },
  {
    name: 'policies show',
    summary: 'Show one policy in full',
    details: '<policy> is an id or a name.',
    positionals: [{ name: 'policy' }],
    run: async ({ api: connect, args, out }) => {
      const api = await connect();
      const { id } = await resolvePolicy(api, args.required('policy'));
      const shown = await api.call(policyShown, 'GET', `policies/${encodeURIComponent(id)}`);
      const { version, policy, findings } = shown;
      const { users } = policy.assignments;
      const everybody = users.include === 'all' ? [['who', 'everybody']] : peopleRows('', users.include);
      const rows = [
        ['name', policy.name],
        ['id', policy.id],
        ['state', policy.state],
        ...everybody,
        ...peopleRows('not ', users.exclude),
        ['apps', appsOf(policy)],
        ...conditionsOf(policy).map(([name, value]) => [name, value]),
        ['grant', grantOf(policy)],
        ['session', sessionOf(policy)],
        ['version', String(version)],
      ];
      out.result(shown, () => `${out.table(['setting', 'value'], rows, '')}${findingLines(findings)}`);
      return undefined;
    },
  },
  applyPolicies,
  {
    name: 'policies remove',
    summary: 'Remove a policy; to try life without it first, set its state to off or report-only',
    details: '<policy> is an id or a name.',
    positionals: [{ name: 'policy' }],
    run: async ({ api: connect, args, out }) => {
      const api = await connect();
      const { id, name, version } = await resolvePolicy(api, args.required('policy'));
      const path = `policies/${encodeURIComponent(id)}`;
      const gone = await api.call(removed, 'DELETE', path, { revision: version });
      out.result(gone, () => `policy ${printable(name)} is removed\n`);
      return undefined;
    },
  },
];

/** By id or name. Errors: ERR_CLI_ABSENT, ERR_CLI_AMBIGUOUS. */
async function resolvePolicy(api: Api, text: string) {
  const { policies } = await api.call(policySet.reply, 'GET', 'policy-set');
  const meant = policies
    .map(({ version, policy: { id, name } }) => ({ id, name, version }))
    .filter(({ id, name }) => id === text || name.toLowerCase() === text.toLowerCase());
  return pick('policy', text, meant, 'sallyport policies list');
}
