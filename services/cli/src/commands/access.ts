import { setTimeout as delay } from 'node:timers/promises';
import { type AccessRecord, accessRecords } from '#libs/contracts';
import type { Command, CommandContext } from '../command.ts';
import { printable } from '../output/table.ts';
import { readNumber } from './setting-values.ts';

/** Where it begins when --after does not say. */
const LAST_MINUTES = 10;
const PAGE_RECORDS = 500;
const POLL_PAUSE_MS = 1_000;

export const accessCommands: readonly Command[] = [
  {
    name: 'access tail',
    summary: 'Print access records: one line for each request that reached an ingress',
    details: `Begins with the last ${LAST_MINUTES} minutes unless --after says otherwise, and goes on until Ctrl-C.`,
    options: {
      after: { type: 'string', value: 'position', summary: 'begin behind this position' },
      request: { type: 'string', value: 'id', summary: 'only this request' },
      'no-follow': { type: 'boolean', summary: 'end with the newest record' },
    },
    run: async (context) => {
      const { args, host } = context;
      const api = await context.api();
      const requestId = args.text('request');
      let after = readNumber('--after', args.text('after'));
      const since = new Date(Date.now() - LAST_MINUTES * 60_000).toISOString();
      while (!host.signal.aborted) {
        const start = after === undefined && requestId === undefined ? { since } : { after };
        const query = { ...start, requestId, limit: PAGE_RECORDS };
        const page = await api.call(accessRecords.reply, 'GET', 'access-records', { query });
        for (const record of page.records) print(context, record);
        after = page.next;
        if (page.more) continue;
        if (args.has('no-follow')) break;
        // Rejects only when Ctrl-C ends the pause.
        await delay(POLL_PAUSE_MS, undefined, { signal: host.signal }).catch(() => undefined);
      }
      return undefined;
    },
  },
];

function print({ out }: CommandContext, record: AccessRecord): void {
  out.item(record, () => {
    const what = `${record.method} ${record.host}${record.path}`;
    const why = record.reason === null ? record.outcome : `${record.outcome} (${record.reason})`;
    const who = record.username ?? 'nobody signed in';
    const text = printable(`${what}  ${why}  ${who}  ${Math.round(record.durationMs)} ms  ${record.requestId}`);
    return `${out.dim(record.at)}  ${out.bold(String(record.status))}  ${text}\n`;
  });
}
