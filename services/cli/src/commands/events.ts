import { setTimeout as delay } from 'node:timers/promises';
import { type AuditEvent, auditEvent, auditEvents } from '#libs/contracts';
import type { Command, CommandContext } from '../command.ts';
import { printable } from '../output/table.ts';
import { readNumber } from './setting-values.ts';

/** Facts shown before the new ones when --after does not say where to begin. */
const LAST_FACTS = 20;
const PAGE_FACTS = 500;
/** Pause before a stream that ended is opened again. */
const REOPEN_PAUSE_MS = 1_000;
const MAX_DATA_CHARACTERS = 200;

export const eventCommands: readonly Command[] = [
  {
    name: 'events tail',
    summary: 'Print facts as they happen: who changed what, who signed in, what was refused',
    details: `Begins with the last ${LAST_FACTS} facts unless --after says otherwise, and goes on until Ctrl-C.`,
    options: {
      after: { type: 'string', value: 'position', summary: 'begin behind this position; 0 for the whole history' },
      types: { type: 'string', value: 'a,b', summary: 'only these facts, for example AppPublished,AccessDenied' },
      'no-follow': { type: 'boolean', summary: 'end with the newest fact' },
    },
    run: async (context) => {
      const { args } = context;
      const types = args.text('types');
      const after = readNumber('--after', args.text('after')) ?? (await lastPositions(context));
      const position = await printPages(context, after, types);
      if (!args.has('no-follow')) await follow(context, position, types);
      return undefined;
    },
  },
];

async function lastPositions({ api }: CommandContext): Promise<number> {
  const query = { after: Number.MAX_SAFE_INTEGER, limit: 1 };
  const { head } = await (await api()).call(auditEvents.reply, 'GET', 'events', { query });
  return Math.max(0, head - LAST_FACTS);
}

async function printPages(context: CommandContext, from: number, types: string | undefined): Promise<number> {
  const api = await context.api();
  let after = from;
  while (!context.host.signal.aborted) {
    const query = { after, limit: PAGE_FACTS, types };
    const page = await api.call(auditEvents.reply, 'GET', 'events', { query });
    for (const event of page.events) print(context, event);
    const isEnd = page.next >= page.head || page.next === after;
    after = page.next;
    if (isEnd) break;
  }
  return after;
}

/** A stream that ends (a token expired, the console restarted) is opened again behind the last fact. */
async function follow(context: CommandContext, from: number, types: string | undefined): Promise<void> {
  const api = await context.api();
  const { signal } = context.host;
  let after = from;
  while (!signal.aborted) {
    for await (const line of api.follow('events', { after, types }, signal)) {
      const event = auditEvent.parse(line);
      print(context, event);
      after = event.position;
    }
    // Rejects only when Ctrl-C ends the pause.
    await delay(REOPEN_PAUSE_MS, undefined, { signal }).catch(() => undefined);
  }
}

function print({ out }: CommandContext, event: AuditEvent): void {
  out.item(event, () => {
    const { kind, id, name = id } = event.actor;
    const who = kind === 'local-operator' ? 'the local operator' : `${kind} ${name}`;
    const data = JSON.stringify(event.data);
    const shown = data.length > MAX_DATA_CHARACTERS ? `${data.slice(0, MAX_DATA_CHARACTERS)}...` : data;
    const text = printable(`${event.thing} ${event.subjectId} by ${who}  ${shown === '{}' ? '' : shown}`);
    return `${out.dim(`${event.at}  ${event.position}`)}  ${out.bold(printable(event.type))}  ${text.trimEnd()}\n`;
  });
}
