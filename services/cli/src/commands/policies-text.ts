import type { AccessPolicy, PolicyFinding } from '#libs/contracts';
import { printable } from '../output/table.ts';

/** A line for each thing an admin should know, after an empty one; nothing when there is none. */
export function findingLines(findings: readonly PolicyFinding[]): string {
  if (findings.length === 0) return '';
  const lines = findings.map(({ policyId, clause, text }) => `note on ${policyId} (${clause}): ${text}`);
  return `\n${lines.map((line) => `${printable(line)}\n`).join('')}`;
}

/** Rows `users`, `groups`, `roles` and `guests` of those that are named. */
export function peopleRows(
  prefix: string,
  { users, groups, directoryRoles, guests }: AccessPolicy['assignments']['users']['exclude'],
): readonly (readonly string[])[] {
  return [
    ...(users.length === 0 ? [] : [[`${prefix}users`, users.join(', ')]]),
    ...(groups.length === 0 ? [] : [[`${prefix}groups`, groups.join(', ')]]),
    ...(directoryRoles.length === 0 ? [] : [[`${prefix}roles`, directoryRoles.join(', ')]]),
    ...(guests ? [[`${prefix}guests`, 'yes']] : []),
  ];
}
