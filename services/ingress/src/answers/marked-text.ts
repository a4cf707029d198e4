import { type Html, html } from '#libs/pages';

/** What stands between backticks is set as code, whose words break only where they must; everything is escaped. */
export function markedText(text: string): Html {
  const parts = text.split('`');
  return html`${parts.map((part, i) => (i % 2 === 0 ? html`${part}` : code(part)))}`;
}

function code(text: string): Html {
  return html`<code>${text.split(' ').map((word, i) => html`${i > 0 && ' '}<span>${word}</span>`)}</code>`;
}
