/** Shown on every page, on purpose. */
export const DEVELOPMENT_NOTICE =
  'Development identity provider. Not for production: its accounts and passwords are public.';

const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #f4f5f7; --card: #fff; --line: #8a929c; --accent: #1d4f91;
  --on-accent: #fff; --warn: #7a2e00; --warn-paper: #ffe8d6; --bad: #a3122a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --paper: #14171a; --card: #1f2428; --line: #7c8690;
  --accent: #8ab8f5; --on-accent: #10151b; --warn: #ffcfa8; --warn-paper: #46240b; --bad: #ff9aa8; } }
* { box-sizing: border-box; }
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
.notice { margin: 0; padding: .75rem 1rem; text-align: center; color: var(--warn); background: var(--warn-paper); }
main { max-width: 24rem; margin: 3rem auto; padding: 2rem; background: var(--card); border-radius: .5rem; }
h1 { margin: 0 0 1rem; font-size: 1.4rem; }
label { display: block; margin: 1rem 0 .25rem; }
input { width: 100%; padding: .6rem; font: inherit; color: inherit; background: transparent; border: 1px solid var(--line);
  border-radius: .25rem; }
button { margin-top: 1.5rem; width: 100%; padding: .7rem; font: inherit; font-weight: 600; color: var(--on-accent);
  background: var(--accent); border: 0; border-radius: .25rem; cursor: pointer; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
[role=alert] { color: var(--bad); font-weight: 600; }
code { font-size: 1.3em; letter-spacing: .1em; }
.shown { margin: 1rem 0; padding: 1rem; color: var(--warn); background: var(--warn-paper); border: 2px dashed currentcolor;
  border-radius: .25rem; overflow-wrap: anywhere; }
.shown p { margin: 0; }
.shown code { display: block; margin: .25rem 0; font-size: 2rem; font-weight: 700; }
`;

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** A whole page; `content` is HTML, everything in it already escaped. */
export function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escapeHtml(title)} - development identity provider</title>
<style>${STYLE}</style>
</head>
<body>
<p class="notice" role="note">${DEVELOPMENT_NOTICE}</p>
<main>
<h1>${escapeHtml(title)}</h1>
${content}
</main>
</body>
</html>
`;
}

export function signInPage(view: {
  readonly client: string;
  readonly username: string;
  readonly problem: string | null;
}): string {
  const problem = view.problem === null ? '' : `<p role="alert" id="problem">${escapeHtml(view.problem)}</p>`;
  const described = view.problem === null ? '' : ' aria-describedby="problem" aria-invalid="true"';
  return page(
    'Sign in',
    `<p>to continue to ${escapeHtml(view.client)}</p>
${problem}
<form method="post" autocomplete="on">
<label for="username">User name</label>
<input id="username" name="username" type="text" autocomplete="username" autocapitalize="none" spellcheck="false" required
 maxlength="320" value="${escapeHtml(view.username)}"${described}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="200"${described}>
<button type="submit">Sign in</button>
</form>`,
  );
}

/** Asks for a second factor, and shows the answer: nobody has a telephone for development. */
export function secondFactorPage(view: {
  readonly client: string;
  readonly username: string;
  /** Digits only. */
  readonly code: string;
  readonly problem: string | null;
}): string {
  const problem = view.problem === null ? '' : `<p role="alert" id="problem">${escapeHtml(view.problem)}</p>`;
  const described = view.problem === null ? 'shown' : 'problem shown';
  const invalid = view.problem === null ? '' : ' aria-invalid="true"';
  return page(
    'Second factor',
    `<p>${escapeHtml(view.client)} asks for more than a password. You are signed in as <strong>${escapeHtml(view.username)}</strong>.</p>
<div class="shown" id="shown">
<p>Development only. Your one-time code is</p>
<p><code data-one-time-code="${escapeHtml(view.code)}">${escapeHtml(view.code)}</code></p>
<p>A real identity provider never shows it here: it is on your telephone or key.</p>
</div>
${problem}
<form method="post" autocomplete="off">
<label for="otp">One-time code</label>
<input id="otp" name="otp" type="text" inputmode="numeric" autocomplete="one-time-code" spellcheck="false" required maxlength="12"
 aria-describedby="${described}"${invalid}>
<button type="submit">Confirm</button>
</form>`,
  );
}

export function messagePage(title: string, text: string): string {
  return page(title, `<p>${escapeHtml(text)}</p>`);
}

export function errorPage(error: string, description: string): string {
  return page(
    'This request cannot be answered',
    `<p role="alert">${escapeHtml(description)}</p><p>Error: ${escapeHtml(error)}</p>`,
  );
}

export type ConfirmView = {
  readonly title: string;
  /** HTML, already escaped. */
  readonly text: string;
  /** HTML of the form, without a button. */
  readonly form: string;
  readonly button: string;
};

/** Puts a form of oidc-provider (hidden fields only) on a page of ours, with a button, so that it works without script. */
export function confirmPage(view: ConfirmView): string {
  const button = `<button type="submit">${escapeHtml(view.button)}</button></form>`;
  return page(view.title, `${view.text}\n${view.form.replace('</form>', button)}`);
}
