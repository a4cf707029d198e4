import { authPaths } from '#libs/contracts';
import { html, renderPage } from '#libs/pages';
import type { IngressServices } from '../pipeline/services.ts';

export function signedOutPage(services: IngressServices): string {
  const body = html`<div class="card">
<p class="mark good">Signed out</p>
<h1>You are signed out</h1>
<p>Your session has ended for all apps. On a shared computer, close the browser as well.</p>
<div class="actions"><a class="button" href="${services.portalOrigin}/">Sign in again</a></div>
</div>`;
  return renderPage({ title: 'Signed out', body });
}

/** Asked for when somebody follows a link here: a link alone must not end a session. */
export function confirmSignOutPage(services: IngressServices): string {
  const body = html`<div class="card">
<h1>Sign out?</h1>
<p>This ends your session for all apps.</p>
<div class="actions">
<form method="post" action="${authPaths.signOut}"><button class="button" type="submit">Sign out</button></form>
<a class="button quiet" href="${services.portalOrigin}/">Back to your apps</a>
</div>
</div>`;
  return renderPage({ title: 'Sign out', body });
}
