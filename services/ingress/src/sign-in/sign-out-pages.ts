import { authPaths } from '#libs/contracts';
import { html, type Language, renderPage } from '#libs/pages';
import { TEXTS } from '../answers/texts/catalog.ts';
import type { IngressServices } from '../pipeline/services.ts';

export function signedOutPage(services: IngressServices, language: Language): string {
  const texts = TEXTS[language].signOut;
  const body = html`<div class="card">
<p class="mark good">${texts.mark}</p>
<h1>${texts.doneTitle}</h1>
<p>${texts.done}</p>
<div class="actions"><a class="button" href="${services.portalOrigin}/">${texts.signInAgain}</a></div>
</div>`;
  return renderPage({ title: texts.doneTitle, body, language });
}

/** Asked for when somebody follows a link here: a link alone must not end a session. */
export function confirmSignOutPage(services: IngressServices, language: Language): string {
  const texts = TEXTS[language].signOut;
  const body = html`<div class="card">
<h1>${texts.question}</h1>
<p>${texts.consequence}</p>
<div class="actions">
<form method="post" action="${authPaths.signOut}"><button class="button" type="submit">${texts.signOut}</button></form>
<a class="button quiet" href="${services.portalOrigin}/">${texts.back}</a>
</div>
</div>`;
  return renderPage({ title: texts.question, body, language });
}
