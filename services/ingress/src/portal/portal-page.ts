import { authPaths, type OwnSession, type PortalReply, type Principal } from '#libs/contracts';
import { type Html, html, type Language, renderPage } from '#libs/pages';
import type { PublishedApp } from '../directory/published-app.ts';
import { type Device, readDevice } from './device-words.ts';
import { END_SESSIONS_PATH } from './end-own-sessions.ts';
import { findable } from './find-apps.ts';
import { PORTAL_SCRIPT } from './portal-script.ts';
import { PORTAL_TEXTS, type PortalTexts } from './portal-texts.ts';

const TONES = 6;

export type PortalTile = { readonly app: PublishedApp; readonly isFound: boolean; readonly needsStepUp: boolean };

export type PortalView = {
  readonly principal: Principal;
  readonly tiles: readonly PortalTile[];
  readonly hasMore: boolean;
  readonly query: string;
  readonly portal: Extract<PortalReply, { status: 'shown' }>;
  readonly notice: PortalNotice | undefined;
  readonly home: string;
  readonly language: Language;
};

export type PortalNotice = { readonly kind: 'ended'; readonly count: number } | { readonly kind: 'absent' };

/** Apps with their search, sessions with the ways to end them, last sign-ins. Complete and usable without script. */
export function portalPage(view: PortalView): string {
  const { language, principal, home } = view;
  const texts = PORTAL_TEXTS[language];
  const bar = html`<div class="who"><span>${texts.signedInAs}</span> <b>${principal.name || principal.username}</b>${
    principal.name !== '' && principal.name !== principal.username && html` <span>${principal.username}</span>`
  }
<form method="post" action="${authPaths.signOut}"><button class="button quiet" type="submit">${texts.signOut}</button></form></div>`;
  const body = html`${noticeOf(view, texts)}<h1>${texts.title}</h1>
${view.tiles.length > 0 || view.hasMore ? appsOf(view, texts) : nothingYet(texts)}
${sessionsOf(view, texts)}
${signInsOf(view, texts)}`;
  return renderPage({ title: texts.title, body, bar, width: 'wide', home, language, script: PORTAL_SCRIPT });
}

function noticeOf({ notice }: PortalView, texts: PortalTexts): Html | undefined {
  if (notice === undefined) return undefined;
  return notice.kind === 'absent'
    ? html`<p class="notice bad" role="alert">${texts.absent}</p>\n`
    : html`<p class="notice" role="status">${texts.ended(notice.count)}</p>\n`;
}

function appsOf({ tiles, query, hasMore }: PortalView, texts: PortalTexts): Html {
  const found = tiles.filter(({ isFound }) => isFound).length;
  const { none, one, many } = texts.foundApps;
  const all = texts.openApps(tiles.length);
  const said = query === '' ? all : found === 0 ? none : found === 1 ? one : many.replace('#', String(found));
  return html`<form class="find" role="search" method="get" action="/"><label for="q">${texts.findApp}</label><input id="q" type="search" name="q" value="${query}" maxlength="200" autocomplete="off" spellcheck="false"><button class="button quiet" type="submit">${texts.find}</button>${
    query !== '' && html`<a class="button quiet" href="/">${texts.showAll}</a>`
  }</form>
<p class="lead" id="found" role="status" data-all="${all}" data-none="${none}" data-one="${one}" data-many="${many}">${said}</p>
${hasMore && html`<p class="lead">${texts.onlyFirst(tiles.length)}</p>\n`}<ul class="tiles">
${tiles.map((tile) => tileOf(tile, texts))}</ul>`;
}

function tileOf({ app, isFound, needsStepUp }: PortalTile, texts: PortalTexts): Html {
  const { view, externalHostname: hostname, externalPath: pathname } = app;
  const [first] = new Intl.Segmenter('en').segment(view.name.trim());
  const letter = first?.segment.toUpperCase() ?? '?';
  const note = view.preauthentication === 'passthrough' ? texts.openWithoutSignIn : needsStepUp && texts.stepUp;
  return html`<li data-find="${findable(app)}"${!isFound && html` hidden`}><a class="tile" href="${app.externalOrigin}${pathname}"><span class="letter tone${toneOf(view.id)}" aria-hidden="true">${letter}</span><span class="text"><span class="name">${view.name}</span> <span class="host">${breakable(hostname)}${pathname === '/' ? '' : pathname}</span>${
    note && html` <span class="note">${note}</span>`
  }</span></a></li>
`;
}

function sessionsOf(view: PortalView, texts: PortalTexts): Html {
  const { sessions, formToken } = view.portal;
  return html`<section class="part" aria-labelledby="sessions"><h2 id="sessions" tabindex="-1">${texts.sessions}</h2>
<p class="lead">${texts.sessionsLead}</p>
<ul class="rows">
${sessions.map((session) => sessionOf(session, view, texts))}</ul>
<div class="actions"><form method="post" action="${END_SESSIONS_PATH}"><input type="hidden" name="form" value="${formToken}"><input type="hidden" name="everywhere" value="1"><button class="button quiet" type="submit">${texts.signOutEverywhere}</button></form></div>
</section>`;
}

function sessionOf(session: OwnSession, { language, portal }: PortalView, texts: PortalTexts): Html {
  const device = deviceText(readDevice(session.userAgent), texts);
  const { address } = session;
  const end = session.isCurrent
    ? html`<form method="post" action="${authPaths.signOut}"><button class="button quiet" type="submit">${texts.signOutHere}</button></form>`
    : html`<form method="post" action="${END_SESSIONS_PATH}"><input type="hidden" name="form" value="${portal.formToken}"><input type="hidden" name="session" value="${session.id}"><button class="button quiet" type="submit">${texts.end}<span class="hidden">${texts.endWhich(device, address)}</span></button></form>`;
  return html`<li><div class="what"><b>${device}</b>${session.isCurrent && html`<span class="mark good">${texts.thisSession}</span>`}
<p class="more"><span>${texts.address} ${address}</span><span>${texts.since} ${time(session.authenticatedAt, language)}</span><span>${texts.until} ${time(session.expiresAt, language)}</span></p></div>${end}</li>
`;
}

function signInsOf({ portal, language }: PortalView, texts: PortalTexts): Html | undefined {
  if (portal.signIns.length === 0) return undefined;
  return html`<section class="part" aria-labelledby="sign-ins"><h2 id="sign-ins">${texts.signIns}</h2>
<p class="lead">${texts.signInsLead}</p>
<ul class="rows">
${portal.signIns.map(
  ({ at, address, userAgent }) => html`<li><div class="what"><b>${time(at, language)}</b>
<p class="more"><span>${deviceText(readDevice(userAgent), texts)}</span><span>${texts.address} ${address}</span></p></div></li>
`,
)}</ul>
</section>`;
}

function nothingYet(texts: PortalTexts): Html {
  return html`<div class="empty"><h2>${texts.nothingTitle}</h2>
<p>${texts.nothing}</p></div>`;
}

function deviceText({ program, system }: Device, texts: PortalTexts): string {
  if (program !== null && system !== null) return texts.on(program, system);
  return program ?? system ?? texts.unknownDevice;
}

/** In UTC; the script shows it in the time of the browser. */
function time(at: string, language: Language): Html {
  const instant = new Date(at);
  if (Number.isNaN(instant.getTime())) return html`${at}`;
  const shown = instant.toLocaleString(language, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' });
  return html`<time datetime="${at}">${shown} UTC</time>`;
}

/** Long host names may break before a dot, and nowhere else as long as the parts fit. */
function breakable(hostname: string): Html[] {
  return hostname.split('.').map((label, i) => (i === 0 ? html`${label}` : html`<wbr>.${label}`));
}

function toneOf(id: string): number {
  let sum = 0;
  for (const character of id) sum += character.charCodeAt(0);
  return sum % TONES;
}
