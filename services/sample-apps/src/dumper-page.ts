import { type Html, html } from '#libs/pages';
import type { Dump } from './dumper.ts';
import type { AssertionVerdict } from './verify-assertion.ts';

export function dumpBody(dump: Dump): Html {
  return html`<p class="eyebrow">Dumper</p>
<h1><code>${dump.method} ${dump.path}</code></h1>
<p class="soft">What this internal app received, over HTTP/${dump.httpVersion} from ${dump.remoteAddress}.</p>
${identitySection(dump.assertion)}
<section aria-labelledby="plain"><h2 id="plain">Plain identity headers</h2>
${rows(Object.entries(dump.plainIdentity), 'None: nobody is signed in, or this app is published with passthrough.')}</section>
<section aria-labelledby="headers"><h2 id="headers">All headers, in the order received</h2>
${rows(dump.headers, 'None.')}</section>
<nav aria-label="Tools"><ul>
<li><a href="/headers.json">As JSON</a></li>
<li><a href="/slow?ms=3000">Slow answer</a></li>
<li><a href="/sse?count=10">Event stream</a></li>
<li><a href="/big?bytes=10485760">10 MiB download</a></li>
<li><a href="/upload">Upload</a></li>
</ul></nav>`;
}

export function uploadBody(): Html {
  return html`<p class="eyebrow">Dumper</p>
<h1>Upload</h1>
<p class="soft">The answer tells how many bytes arrived and their SHA-256; nothing is kept.</p>
<section><form method="post" action="/upload" enctype="multipart/form-data">
<label>File <input type="file" name="file" required></label><button type="submit">Send</button>
</form></section>
<nav aria-label="Tools"><ul><li><a href="/">Back</a></li></ul></nav>`;
}

const TITLES = {
  verified: 'verified',
  absent: 'absent',
  invalid: 'invalid',
  unchecked: 'not checked',
} as const;

function identitySection(verdict: AssertionVerdict): Html {
  return html`<section class="${verdict.status}" aria-labelledby="identity">
<h2 id="identity">Signed identity <span class="badge">${TITLES[verdict.status]}</span></h2>
${explain(verdict)}</section>`;
}

function explain(verdict: AssertionVerdict): Html {
  switch (verdict.status) {
    case 'verified':
      return html`<p>The assertion is signed by Sallyport and its dates hold. A real app checks as well that <code>aud</code> names itself.</p>
${rows(
  Object.entries(verdict.claims).map(([name, value]) => [name, claimText(name, value)] as const),
  'No claims.',
)}`;
    case 'absent':
      return html`<p>No <code>X-Sallyport-Assertion</code> came with this request.</p>`;
    case 'invalid':
      return html`<p>The assertion does not verify: <b>${verdict.reason}</b>. Trust nothing else in this request.</p>`;
    case 'unchecked':
      return html`<p>The assertion could not be judged: ${verdict.reason}.</p>`;
    default:
      return verdict satisfies never;
  }
}

function claimText(name: string, value: unknown): string {
  if ((name === 'exp' || name === 'iat' || name === 'nbf') && typeof value === 'number')
    return `${value} (${new Date(value * 1000).toISOString()})`;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function rows(entries: readonly (readonly [string, string])[], whenEmpty: string): Html {
  if (entries.length === 0) return html`<p>${whenEmpty}</p>`;
  return html`<table>${entries.map(
    ([name, value]) => html`<tr><th scope="row" class="mono">${name}</th><td class="mono">${value}</td></tr>`,
  )}</table>`;
}
