import { type Html, html, type Language, renderPage } from '#libs/pages';
import { markedText } from './marked-text.ts';
import { ERRORS_PATH } from './problem-address.ts';
import { mendersText } from './problem-words.ts';
import { PROBLEM_REASONS, type Problem, problemOf } from './problems.ts';
import { TEXTS } from './texts/catalog.ts';

/** What a number means, who can mend it, what to look at: the page that the `type` of a problem document leads to. */
export function errorPage(problem: Problem, language: Language): string {
  const texts = TEXTS[language].errorPage;
  const { title, detail, advice, cause, look } = TEXTS[language].problems[problem.reason];
  const body = html`<article class="card">
<p class="mark">${problem.code}</p>
<h1>${title}</h1>
<dl class="facts">
<dt>${texts.status}</dt><dd>${problem.status}</dd>
<dt>${texts.reason}</dt><dd><code>${problem.reason}</code></dd>
<dt>${texts.whoCanMend}</dt><dd>${mendersText(problem, language)}</dd>
</dl>
<h2>${texts.forUsers}</h2>
<p>${detail}${advice !== undefined && html` ${advice}`}</p>
<h2>${texts.cause}</h2>
<p>${markedText(cause)}</p>
<h2>${texts.look}</h2>
<ul>
${look.map((item) => html`<li>${markedText(item)}</li>\n`)}</ul>
<p class="more"><a href="${ERRORS_PATH}">${texts.all}</a></p>
</article>`;
  return renderPage({ title: `${problem.code} ${title}`, body, language });
}

/** All numbers, each with its title. */
export function errorListPage(language: Language): string {
  const texts = TEXTS[language].errorPage;
  const body = html`<div class="card">
<h1>${texts.allTitle}</h1>
<p class="lead">${texts.allLead}</p>
<ul class="numbers">
${PROBLEM_REASONS.map(problemOf).map((problem) => listed(problem, language))}</ul>
</div>`;
  return renderPage({ title: texts.allTitle, body, language });
}

function listed(problem: Problem, language: Language): Html {
  const { title } = TEXTS[language].problems[problem.reason];
  return html`<li><a href="${ERRORS_PATH}${problem.code}">${problem.code}</a> <span>${title}</span></li>
`;
}
