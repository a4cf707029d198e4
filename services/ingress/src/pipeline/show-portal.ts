import { authPaths } from '#libs/contracts';
import { type Html, html, renderPage } from '#libs/pages';
import { languageOf } from '../answers/request-preferences.ts';
import { respondPage, respondProblem } from '../answers/respond.ts';
import { TEXTS } from '../answers/texts/catalog.ts';
import type { Texts } from '../answers/texts/texts.ts';
import type { PublishedApp } from '../directory/published-app.ts';
import type { Exchange } from './exchange.ts';
import { DONE, type StepResult } from './step.ts';

/** Tiles on one page; a person who may open more sees the first by name. */
const MAX_TILES = 500;
const TONES = 6;

/** "My apps": what the signed-in person may open, who that is, and the way out. */
export function showPortal(exchange: Exchange): StepResult {
  const { access, services, tenant } = exchange;
  if (exchange.target.path !== '/') {
    respondProblem(exchange, 'unknown-path', { outcome: 'answered' });
    return DONE;
  }
  if (!exchange.isGetOrHead) {
    respondProblem(exchange, 'method-not-allowed', { outcome: 'answered', fields: ['Allow', 'GET, HEAD'] });
    return DONE;
  }
  if (!access) throw new Error('the portal needs an access decision before it');
  const { principal } = access;
  const apps = appsFor(tenant.directory.all(), principal.subject, principal.groups);
  const language = languageOf(exchange);
  const texts = TEXTS[language].portal;
  const body = html`<h1>${texts.title}</h1>
${apps.length > 0 ? tiles(apps, texts) : nothingYet(texts)}`;
  const bar = html`<div class="who"><span>${texts.signedInAs}</span> <b>${principal.name || principal.username}</b>${
    principal.name !== '' && principal.name !== principal.username && html` <span>${principal.username}</span>`
  }
<form method="post" action="${authPaths.signOut}"><button class="button quiet" type="submit">${texts.signOut}</button></form></div>`;
  const page = renderPage({
    title: texts.title,
    body,
    bar,
    width: 'wide',
    home: `${services.portalOrigin}/`,
    language,
  });
  respondPage(exchange, 200, page);
  return DONE;
}

/** Assigned by user or group, or open to everybody by passthrough; sorted by name. */
export function appsFor(
  apps: Iterable<PublishedApp>,
  subject: string,
  groups: readonly string[],
): readonly PublishedApp[] {
  const mine = new Set(groups);
  return [...apps]
    .filter(
      ({ view }) =>
        view.preauthentication === 'passthrough' ||
        view.users.includes(subject) ||
        view.groups.some((group) => mine.has(group)),
    )
    .sort((a, b) => a.view.name.localeCompare(b.view.name, 'en') || a.view.id.localeCompare(b.view.id))
    .slice(0, MAX_TILES);
}

type PortalTexts = Texts['portal'];

function tiles(apps: readonly PublishedApp[], texts: PortalTexts): Html {
  return html`<p class="lead">${texts.openApps(apps.length)}</p>
<ul class="tiles">
${apps.map((app) => tile(app, texts))}</ul>`;
}

function tile(app: PublishedApp, texts: PortalTexts): Html {
  const { view, externalHostname: hostname, externalPath: pathname } = app;
  const [first] = new Intl.Segmenter('en').segment(view.name.trim());
  const letter = first?.segment.toUpperCase() ?? '?';
  return html`<li><a class="tile" href="${app.externalOrigin}${pathname}"><span class="letter tone${toneOf(view.id)}" aria-hidden="true">${letter}</span><span class="text"><span class="name">${view.name}</span> <span class="host">${breakable(hostname)}${pathname === '/' ? '' : pathname}</span>${
    view.preauthentication === 'passthrough' && html` <span class="note">${texts.openWithoutSignIn}</span>`
  }</span></a></li>
`;
}

/** Long host names may break before a dot, and nowhere else as long as the parts fit. */
function breakable(hostname: string): Html[] {
  return hostname.split('.').map((label, i) => (i === 0 ? html`${label}` : html`<wbr>.${label}`));
}

function nothingYet(texts: PortalTexts): Html {
  return html`<div class="empty"><h2>${texts.nothingTitle}</h2>
<p>${texts.nothing}</p></div>`;
}

function toneOf(id: string): number {
  let sum = 0;
  for (const character of id) sum += character.charCodeAt(0);
  return sum % TONES;
}
