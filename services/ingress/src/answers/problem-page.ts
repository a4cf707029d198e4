import { html, renderPage } from '#libs/pages';
import type { Exchange } from '../pipeline/exchange.ts';
import type { Problem } from './problems.ts';

type Shown = { readonly receipt?: string; readonly username?: string };

/** The page for people: what happened, whose doing it was, what to do, and the numbers that support will ask for. */
export function problemPage(exchange: Exchange, problem: Omit<Problem, 'reason'>, shown: Shown): string {
  const { app, services } = exchange;
  const isKnownPlace = app !== undefined || exchange.hostname === services.signInHost;
  const body = html`<div class="card">
<p class="mark ${tone(problem.status)}">${problem.status} · ${problem.code}</p>
<h1>${problem.title}</h1>
<p>${problem.detail}</p>
${problem.advice !== undefined && html`<p class="advice">${problem.advice}</p>`}
<dl class="facts">
${app && html`<dt>App</dt><dd>${app.view.name}</dd>`}
${shown.username !== undefined && html`<dt>Signed in as</dt><dd>${shown.username}</dd>`}
${shown.receipt !== undefined && html`<dt>Receipt</dt><dd><code>${shown.receipt}</code></dd>`}
<dt>Request</dt><dd><code>${exchange.requestId}</code></dd>
<dt>Time</dt><dd>${new Date(exchange.startedAtEpochMs).toISOString()}</dd>
</dl>
${isKnownPlace && html`<div class="actions"><a class="button" href="${services.portalOrigin}/">Go to your apps</a></div>`}
</div>`;
  return renderPage({ title: problem.title, body });
}

function tone(status: number): string {
  if (status === 401 || status === 403) return 'bad';
  return status === 404 ? '' : 'warn';
}
