import { type Html, html } from '#libs/pages';

/** What stands between backticks is set as code; everything is escaped. */
export function markedText(text: string): Html {
  const parts = text.split('`');
  return html`${parts.map((part, i) => (i % 2 === 0 ? html`${part}` : html`<code>${part}</code>`))}`;
}
