import { z } from 'zod';
import { accessRecords, auditEvents, decision, replay } from '#libs/contracts';
import { isSubjectToken } from '#libs/events';
import { refuseRequest } from '../errors.ts';
import { CALL_TIMEOUT_MS, FOLLOW_WAIT_MS, MAX_WAIT_SECONDS, REPLAY_TIMEOUT_MS } from '../limits.ts';
import { type Backbone, type Route, route } from './route.ts';

const position = z.coerce.number().int().min(0);
const limit = z.coerce.number().int().min(1).max(1000);
const types = z
  .string()
  .max(2000)
  .transform((text) => text.split(',').filter((type) => type !== ''))
  .pipe(z.array(z.string().max(100)).max(50));

const eventsQuery = z.strictObject({
  after: position.default(0),
  limit: limit.optional(),
  wait: z.coerce.number().min(0).max(MAX_WAIT_SECONDS).optional(),
  types: types.optional(),
});
type EventsQuery = z.infer<typeof eventsQuery>;

const MAX_ID_LENGTH = 64;
const NDJSON = 'application/x-ndjson';

export function auditRoutes(backbone: Backbone): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/events',
      summary: 'Facts after a position, oldest first; with Accept: application/x-ndjson followed without end',
      isStreaming: true,
      query: eventsQuery,
      reply: { schema: auditEvents.reply },
      handle: async ({ query, call }) => {
        if (call.accept.includes(NDJSON)) return { lines: followEvents(backbone, query, call.signal) };
        const waitMs = Math.round((query.wait ?? 0) * 1000);
        return { body: await askEvents(backbone, query, waitMs) };
      },
    }),
    route({
      method: 'get',
      path: '/access-records',
      summary: 'Access records after a position or an instant, oldest first',
      query: z.strictObject({
        after: position.optional(),
        since: z.iso.datetime().optional(),
        limit: limit.optional(),
        requestId: z.string().max(64).optional(),
      }),
      reply: { schema: accessRecords.reply },
      handle: async ({ query }) => ({ body: await backbone.ask(accessRecords, query) }),
    }),
    route({
      method: 'get',
      path: '/decisions/:decisionId',
      summary: 'An access decision by its receipt: what each policy said, and whether it would be made again',
      reply: { schema: decision.reply },
      handle: async ({ call }) => {
        const { decisionId = '' } = call.params;
        if (!isSubjectToken(decisionId) || decisionId.length > MAX_ID_LENGTH)
          throw refuseRequest('ERR_DECISION_ABSENT', 'there is no such decision: a receipt looks like dec_…');
        return { body: await backbone.ask(decision, { decisionId }) };
      },
    }),
    route({
      method: 'get',
      path: '/replay',
      summary: 'Apps, connector groups, connectors and user sessions as they were at an instant',
      query: z.strictObject({ at: z.iso.datetime() }),
      reply: { schema: replay.reply },
      handle: async ({ query }) => ({ body: await backbone.ask(replay, query, { timeoutMs: REPLAY_TIMEOUT_MS }) }),
    }),
  ];
}

function askEvents(backbone: Backbone, query: EventsQuery, waitMs: number) {
  const { after, limit: max, types: wanted } = query;
  const request = {
    after,
    waitMs,
    ...(max === undefined ? {} : { limit: max }),
    ...(wanted === undefined ? {} : { types: wanted }),
  };
  return backbone.ask(auditEvents, request, { timeoutMs: waitMs + CALL_TIMEOUT_MS });
}

/** Undefined, sent as an empty line, stands for: nothing new. A failing audit ends the stream; the reader asks again. */
async function* followEvents(backbone: Backbone, query: EventsQuery, signal: AbortSignal): AsyncGenerator<unknown> {
  let after = query.after;
  while (!signal.aborted) {
    const page = await askEvents(backbone, { ...query, after }, FOLLOW_WAIT_MS);
    if (page.events.length === 0) yield undefined;
    yield* page.events;
    after = page.next;
  }
}
