import { type DecisionView, decisionView } from '#libs/contracts';
import type { Command } from '../command.ts';
import type { Output } from '../output/output.ts';
import { printable } from '../output/table.ts';

type Policy = DecisionView['policies'][number];

const VERDICTS = {
  granted: 'allowed',
  denied: 'denied',
  challenged: 'asked for more',
} as const satisfies Record<DecisionView['verdict'], string>;

export const explainCommand: Command = {
  name: 'explain',
  summary: 'Explain an access decision by its receipt: which policy said what, and what would have allowed it',
  details:
    'The receipt (dec_…) stands on the page of a denial, in the problem document and in access records. The decision is read as it was recorded, ' +
    'in the words of the policy set it was made by, and made again from its inputs.',
  positionals: [{ name: 'decision-id' }],
  run: async ({ api, args, out }) => {
    const path = `decisions/${encodeURIComponent(args.required('decision-id'))}`;
    const decision = await (await api()).call(decisionView, 'GET', path);
    out.result(decision, () => describe(decision, out));
    return undefined;
  },
};

function describe(decision: DecisionView, out: Output): string {
  const { verdict, appId, appName, policies, reasons, policySetRevision, challenge, signOnRefused } = decision;
  const facts = out.table(
    ['decision', decision.decisionId],
    [
      ['verdict', `${VERDICTS[verdict]} (${reasons.at(-1) ?? ''})`],
      ['app', appName === null ? appId : `${appName} (${appId})`],
      ['who', `${decision.username} (${decision.subject})`],
      ['when', decision.at],
      ['from', decision.address],
      ['request', decision.requestId],
      decision.credential === null
        ? ['session', decision.sessionId ?? 'unknown']
        : [decision.credential.kind.replace('-', ' '), decision.credential.id],
      ['app revision', String(decision.appRevision)],
      ['policy set revision', policySetRevision === null ? 'before there were policies' : String(policySetRevision)],
      ...(signOnRefused === null
        ? []
        : [['not let in', `single sign-on failed (${signOnRefused.reason}) at ${signOnRefused.at}`]]),
      ...(challenge === null ? [] : [['asked for', describeChallenge(challenge)]]),
      ['made again', describeReplay(decision)],
    ],
    '',
  );
  const said = policies.map((policy) => `${describePolicy(policy, out)}\n`).join('');
  return `${facts}\n${said === '' ? `${whenNone(decision)}\n` : said}`;
}

function whenNone({ reasons, inputs }: DecisionView): string {
  if (reasons.includes('user-disabled')) return 'no policy was looked at: the user is disabled';
  if (reasons.includes('user-unassigned')) return 'no policy was looked at: the user is not assigned to the app';
  if (reasons.includes('groups-unknown'))
    return 'no policy was looked at: the app is assigned to groups, and the identity provider did not list the user’s';
  if (reasons.includes('app-retired')) return 'no policy was looked at: the app was not published';
  return inputs === null ? 'no policies are recorded with this decision' : 'no policy applied';
}

/** Which clause of which policy, in which version, said what; and what would have allowed it. */
function describePolicy({ name, policyId, policyVersion, isReportOnly, ...said }: Policy, out: Output): string {
  const { result, clauses, says, remedy } = said;
  const mode = isReportOnly ? ', report-only: had no effect' : '';
  const head = `${out.bold(printable(name))} (${printable(policyId)}, version ${policyVersion}${mode}): ${result}`;
  const lines = clauses.map(({ clause, reason }) => `  ${printable(clause)}: ${printable(reason)}`);
  if (says !== null) lines.push(`  the policy ${printable(says)}`);
  if (remedy !== null) lines.push(`  it would be allowed ${printable(remedy)}`);
  return [head, ...lines].join('\n');
}

function describeChallenge(challenge: NonNullable<DecisionView['challenge']>): string {
  const { contexts, maxAgeMinutes, needsNewSession } = challenge;
  return [
    ...(contexts.length > 0 ? [`authentication context ${contexts.join(', ')}`] : []),
    ...(maxAgeMinutes === undefined ? [] : [`a sign-in at most ${maxAgeMinutes} minutes old`]),
    ...(needsNewSession === true ? ['a new session'] : []),
  ].join(', ');
}

function describeReplay({ replayed }: DecisionView): string {
  if (replayed === null) return 'not possible: its inputs were not recorded yet';
  const verdict = VERDICTS[replayed.verdict];
  return replayed.isSame ? `the same: ${verdict}` : `DIFFERENT: ${verdict} (${replayed.reasons.at(-1) ?? ''})`;
}
