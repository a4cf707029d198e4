import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type PolicySetView, policySet } from '#libs/contracts';
import type { Command, CommandContext } from '../command.ts';
import { usageError } from '../errors.ts';
import type { Api } from '../system/api-client.ts';
import { counted } from './describe-policy.ts';
import { findingLines } from './policies-text.ts';
import { type PolicyDocuments, readPolicyFile } from './policy-file.ts';
import { type PlannedChange, type PolicyPlan, planPolicies } from './policy-plan.ts';

const DETAILS = `The file is what there shall be: { "policies": [...], "locations": [...] }, as in docs/policies.md. A policy or location
that its list does not name is removed; a list that the file does not have stays as it is. Without an id one is found by
its name, or gets an id made from it. --dry-run also says whether the set would be refused.

Examples:
  sallyport policies apply policies.json --dry-run
  sallyport policies apply policies.json`;

export const applyPolicies: Command = {
  name: 'policies apply',
  summary: 'Make policies and locations what a file says',
  details: DETAILS,
  positionals: [{ name: 'file' }],
  options: {
    'dry-run': { type: 'boolean', summary: 'show what would change, and change nothing' },
    force: { type: 'boolean', summary: 'also when no administrator could open the portal any more' },
  },
  run: async (context) => {
    const { args, host } = context;
    const file = args.required('file');
    const text = await readText(file, host.cwd);
    const api = await context.api();
    const now = await api.call(policySet.reply, 'GET', 'policy-set');
    const wanted = readPolicyFile(file, text, now);
    const plan = planPolicies(now, wanted);
    const isDryRun = args.has('dry-run');
    const how = { force: args.has('force'), dryRun: isDryRun };
    const set = plan.changes.length === 0 ? now : await send(api, now, wanted, how);
    report(context, plan, set, isDryRun);
    return undefined;
  },
};

type How = { readonly force: boolean; readonly dryRun: boolean };

/** On the revision that was read: who comes between makes it fail, not vanish. */
function send(
  api: Api,
  now: PolicySetView,
  { policies, locations }: PolicyDocuments,
  how: How,
): Promise<PolicySetView> {
  const options = { body: { policies, locations }, revision: now.revision, query: queryOf(how) };
  return api.call(policySet.reply, 'PUT', 'policy-set', options);
}

function queryOf({ force, dryRun }: How) {
  return { ...(force ? { force } : {}), ...(dryRun ? { dryRun } : {}) };
}

function report({ out }: CommandContext, plan: PolicyPlan, set: PolicySetView, isDryRun: boolean): void {
  const { changes, unchanged } = plan;
  const { revision, findings } = set;
  const result = { dryRun: isDryRun, revision, changes, unchanged, findings };
  out.result(result, () => {
    const rest = [
      ...(unchanged.policies === 0 ? [] : [counted(unchanged.policies, 'policy', 'policies')]),
      ...(unchanged.locations === 0 ? [] : [counted(unchanged.locations, 'location')]),
    ];
    const same = rest.length === 0 ? '' : `unchanged: ${rest.join(', ')}\n`;
    if (changes.length === 0) return `nothing to change\n${same}`;
    const table = out.table(['change', 'kind', 'name', 'id', 'fields'], changes.map(rowOf), '');
    const end = isDryRun
      ? `dry run: nothing is changed\n${findingLines(findings)}`
      : `applied: the policy set is at revision ${revision}\n${findingLines(findings)}`;
    return `${table}${same}${end}`;
  });
}

function rowOf({ change, kind, name, id, fields }: PlannedChange): readonly string[] {
  return [change, kind, name, id, fields.join(', ')];
}

async function readText(file: string, cwd: string): Promise<string> {
  try {
    return await readFile(resolve(cwd, file), 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'error';
    throw usageError(`${JSON.stringify(file)} cannot be read (${code})`);
  }
}
