export { escapeHtml, type Html, html } from './html.ts';
export { ANSWER_FIELDS, createPageFields, type PageInput, renderPage } from './page.ts';
