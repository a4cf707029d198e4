import type { AuditEvent } from '#libs/contracts';
import type { Commit, EventStore } from '#libs/events';
import { concealSealed } from '../trail/conceal-sealed.ts';

export const DEFAULT_PAGE = 200;
/** Commits looked through for one page when a filter by type leaves most out. */
const MAX_SCANNED_COMMITS = 20_000;

export type EventsPage = { readonly events: AuditEvent[]; readonly next: number; readonly head: number };

/** A page of facts after a position, oldest first. `next` goes back in as `after`; whole commits only. */
export async function readEvents(
  store: EventStore,
  tenant: string,
  options: {
    readonly after: number;
    readonly limit?: number | undefined;
    readonly types?: readonly string[] | undefined;
  },
): Promise<EventsPage> {
  const limit = options.limit ?? DEFAULT_PAGE;
  const wanted = options.types && options.types.length > 0 ? new Set(options.types) : null;
  const head = await store.head();
  const events: AuditEvent[] = [];
  let next = options.after;
  if (head > options.after) {
    for await (const commit of store.read({
      filters: [{ tenant }],
      after: options.after,
      limit: wanted ? MAX_SCANNED_COMMITS : limit,
    })) {
      events.push(...toAuditEvents(commit).filter((event) => !wanted || wanted.has(event.type)));
      next = commit.position;
      if (events.length >= limit) break;
    }
  }
  return { events, next, head };
}

export function toAuditEvents(commit: Commit): AuditEvent[] {
  return commit.facts.map((fact, index) => ({
    position: commit.position,
    id: `${commit.position}.${index}`,
    type: fact.type,
    at: commit.metadata.at,
    tenant: commit.tenant,
    context: commit.context,
    thing: commit.thing,
    subjectId: commit.id,
    actor: { ...commit.metadata.actor },
    correlationId: commit.metadata.correlationId,
    data: { ...Object(concealSealed(fact.data)) },
  }));
}
