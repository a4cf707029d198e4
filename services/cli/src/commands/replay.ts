import { replay } from '#libs/contracts';
import type { Command } from '../command.ts';
import { usageError } from '../errors.ts';

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

type Row = Readonly<Record<string, unknown>>;

export const replayCommand: Command = {
  name: 'replay',
  summary: 'Show apps, connectors and user sessions as they were at an instant, rebuilt from facts alone',
  details: `Examples:
  sallyport replay --at 2026-11-22T10:02:00Z
  sallyport replay --at 5m`,
  options: { at: { type: 'string', value: 'instant', summary: 'ISO-8601 instant, or how long ago: 30s, 5m, 2h, 1d' } },
  run: async ({ api, args, out }) => {
    const at = readInstant(args.text('at'), Date.now());
    const state = await (await api()).call(replay.reply, 'GET', 'replay', { query: { at } });
    out.result(state, () =>
      [
        `as of ${state.at}, after ${state.commits} commits up to position ${state.position}\n`,
        'apps',
        section(out.table, state.apps, [
          'name',
          'status',
          'externalUrl',
          'internalUrl',
          'preauthentication',
          'connectorGroupId',
          'id',
        ]),
        'connector groups',
        section(out.table, state.connectorGroups, ['name', 'status', 'id']),
        'connectors',
        section(out.table, state.connectors, ['name', 'status', 'presence', 'connectorGroupId', 'machineName', 'id']),
        'user sessions',
        section(out.table, state.sessions, ['username', 'status', 'authenticatedAt', 'expiresAt', 'address', 'id']),
      ].join('\n'),
    );
    return undefined;
  },
};

/** An ISO-8601 instant (with its zone), or a time ago. */
export function readInstant(text: string | undefined, nowMs: number): string {
  if (text === undefined)
    throw usageError('--at is missing: name an instant such as 2026-11-22T10:02:00Z, or 5m for five minutes ago');
  const [, amount, unit] = /^-?(\d{1,9})([smhd])$/.exec(text) ?? [];
  if (amount !== undefined && unit !== undefined)
    return new Date(nowMs - Number(amount) * (UNIT_MS[unit] ?? 0)).toISOString();
  const atMs = Date.parse(text);
  if (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(atMs)) return new Date(atMs).toISOString();
  throw usageError(
    `--at ${JSON.stringify(text)}: expected an instant such as 2026-11-22T10:02:00Z, or 5m for five minutes ago`,
  );
}

function section(
  table: (header: readonly string[], rows: readonly (readonly string[])[], whenEmpty: string) => string,
  rows: readonly Row[],
  columns: readonly string[],
): string {
  const present = columns.filter((column) => rows.some((row) => fieldOf(row, column) !== undefined));
  const header = present.map((column) => column.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`));
  const cells = rows.map((row) => present.map((column) => textOf(fieldOf(row, column))));
  return table(header, cells, 'none');
}

/** A session's person stands in its principal. */
function fieldOf(row: Row, column: string): unknown {
  const { principal } = row;
  if (row[column] !== undefined || typeof principal !== 'object' || principal === null) return row[column];
  return Reflect.get(principal, column);
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '-';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
