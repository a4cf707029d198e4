import { DEFAULT_LANGUAGE, type Html, html, type Language, renderPage } from '#libs/pages';
import type { Exchange } from '../pipeline/exchange.ts';
import { isOurs, problemAddress } from './problem-address.ts';
import { mendersText, type ProblemWords } from './problem-words.ts';
import type { Problem } from './problems.ts';
import { TEXTS } from './texts/catalog.ts';

export type ShownProblem = {
  readonly problem: Problem;
  readonly words: ProblemWords;
  readonly language: Language;
  readonly status: number;
  readonly receipt?: string | undefined;
  readonly username?: string | undefined;
};

/** Answers after which the same request may succeed. */
const MAY_PASS: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** The page for people: what happened, who can mend it, what to do, and the numbers that support will ask for. */
export function problemPage(exchange: Exchange, shown: ShownProblem): string {
  const { problem, words, language, status } = shown;
  const texts = TEXTS[language].problemPage;
  const body = html`<div class="card">
<p class="mark ${tone(status)}">${status} · ${problem.code}</p>
<h1>${words.title}</h1>
<p${words.detailLanguage !== language && html` lang="${DEFAULT_LANGUAGE}"`}>${words.detail}</p>
${words.advice !== undefined && html`<p class="advice">${words.advice}</p>`}
<dl class="facts">
<dt>${texts.whoCanMend}</dt><dd>${mendersText(problem, language)}</dd>
${facts(exchange, shown)}
</dl>
<p class="quote"><span>${texts.quote}</span> <code class="copy">${problem.code} ${exchange.requestId}</code></p>
${isOurs(exchange) && actions(exchange, shown)}
</div>`;
  return renderPage({ title: words.title, body, language });
}

function facts(exchange: Exchange, { username, receipt, language }: ShownProblem): Html {
  const texts = TEXTS[language].problemPage;
  const time = new Date(exchange.startedAtEpochMs).toISOString();
  return html`${exchange.app && html`<dt>${texts.app}</dt><dd>${exchange.app.view.name}</dd>`}
${username !== undefined && html`<dt>${texts.signedInAs}</dt><dd>${username}</dd>`}
${receipt !== undefined && html`<dt>${texts.receipt}</dt><dd><code class="copy">${receipt}</code></dd>`}
<dt>${texts.time}</dt><dd><time datetime="${time}">${time}</time></dd>`;
}

function actions(exchange: Exchange, { problem, language, status }: ShownProblem): Html {
  const { services, hostAndPort, target } = exchange;
  const texts = TEXTS[language].problemPage;
  const canTryAgain = MAY_PASS.has(status) && exchange.method === 'GET';
  return html`<div class="actions">
${canTryAgain && html`<a class="button" href="https://${hostAndPort}${target.path}${target.query}">${texts.tryAgain}</a>`}
<a class="button${canTryAgain && ' quiet'}" href="${services.portalOrigin}/">${texts.goToApps}</a>
<a class="about" href="${problemAddress(services.portalOrigin, problem.code)}">${texts.about(problem.code)}</a>
</div>`;
}

function tone(status: number): string {
  if (status === 401 || status === 403) return 'bad';
  return status === 404 ? '' : 'warn';
}
