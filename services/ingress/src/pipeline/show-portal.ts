import { comparableId } from '#libs/conditional-access';
import type { PortalReply } from '#libs/contracts';
import { createPageFields } from '#libs/pages';
import { languageOf } from '../answers/request-preferences.ts';
import { respondPage, respondProblem } from '../answers/respond.ts';
import type { PublishedApp } from '../directory/published-app.ts';
import { END_SESSIONS_PATH, endOwnSessions } from '../portal/end-own-sessions.ts';
import { findApps } from '../portal/find-apps.ts';
import { type PortalNotice, type PortalTile, portalPage } from '../portal/portal-page.ts';
import { PORTAL_SCRIPT } from '../portal/portal-script.ts';
import { respondAuthUnavailable } from '../sign-in/answer-auth-reply.ts';
import type { Exchange } from './exchange.ts';
import { answerDecision, requireSignIn } from './require-access-decision.ts';
import { DONE, type StepOutcome, type StepResult } from './step.ts';

const PAGE_FIELDS = createPageFields(PORTAL_SCRIPT);

/** "My apps": what the signed-in person may open now, where that person is signed in, and the ways out. */
export function showPortal(exchange: Exchange): StepResult {
  const { path } = exchange.target;
  if (path === END_SESSIONS_PATH)
    return endOwnSessions(exchange, () => answerPage(exchange, { status: 404, notice: { kind: 'absent' } }));
  if (path !== '/') {
    respondProblem(exchange, 'unknown-path', { outcome: 'answered' });
    return DONE;
  }
  if (!exchange.isGetOrHead) {
    respondProblem(exchange, 'method-not-allowed', { outcome: 'answered', fields: ['Allow', 'GET, HEAD'] });
    return DONE;
  }
  return answerPage(exchange, { status: 200, notice: endedNotice(queryOf(exchange)) });
}

async function answerPage(
  exchange: Exchange,
  { status, notice }: { readonly status: number; readonly notice: PortalNotice | undefined },
): Promise<StepOutcome> {
  const { access, services, tenant } = exchange;
  if (!access) throw new Error('the portal needs an access decision before it');
  const { principal } = access;
  const apps = appsFor(tenant.directory.all(), principal.subject, principal.groups, principal.roles);
  const query = (queryOf(exchange).get('q') ?? '').trim();
  const { shown, hasMore } = findApps(apps, query);
  const asked = shown.filter(({ app }) => app.view.preauthentication !== 'passthrough');
  let portal: PortalReply;
  try {
    portal = await tenant.auth.portal({
      requestId: exchange.requestId,
      client: exchange.facts.clientInfo,
      accessCookie: exchange.facts.accessCookie ?? '',
      appIds: asked.map(({ app }) => app.view.id),
    });
  } catch (error) {
    services.logger.error('portal not shown', { requestId: exchange.requestId, error });
    respondAuthUnavailable(exchange);
    return DONE;
  }
  if (portal.status === 'sign-in') return requireSignIn(exchange, portal.reason);
  if (portal.status === 'refused') return answerDecision(exchange, portal.decision);
  const verdicts = new Map(portal.apps.map(({ id, verdict }) => [id, verdict]));
  const tiles = shown.flatMap(({ app, isFound }): PortalTile[] => {
    const isOpen = app.view.preauthentication === 'passthrough' || verdicts.has(app.view.id);
    return isOpen ? [{ app, isFound, needsStepUp: verdicts.get(app.view.id) === 'step-up' }] : [];
  });
  const home = `${services.portalOrigin}/`;
  const language = languageOf(exchange);
  const page = portalPage({ principal, tiles, hasMore, query, portal, notice, home, language });
  respondPage(exchange, status, page, [], PAGE_FIELDS);
  return DONE;
}

/** After a form was followed. */
function endedNotice(query: URLSearchParams): PortalNotice | undefined {
  const ended = query.get('ended') ?? '';
  return /^[0-9]{1,3}$/.test(ended) ? { kind: 'ended', count: Number(ended) } : undefined;
}

function queryOf(exchange: Exchange): URLSearchParams {
  return new URLSearchParams(exchange.target.query);
}

/** Assigned by user, group or app role, or open to everybody by passthrough; sorted by name. GUIDs count whatever their case. */
export function appsFor(
  apps: Iterable<PublishedApp>,
  subject: string,
  groups: readonly string[],
  roles: readonly string[] = [],
): readonly PublishedApp[] {
  const me = comparableId(subject);
  const mine = new Set(groups.map(comparableId));
  return [...apps]
    .filter(
      ({ view }) =>
        view.preauthentication === 'passthrough' ||
        view.users.some((user) => comparableId(user) === me) ||
        view.groups.some((group) => mine.has(comparableId(group))) ||
        view.roles.some((role) => roles.includes(role)),
    )
    .sort((a, b) => a.view.name.localeCompare(b.view.name, 'en') || a.view.id.localeCompare(b.view.id));
}
