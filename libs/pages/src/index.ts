export { escapeHtml, type Html, html } from './html.ts';
export { type Catalog, chooseLanguage, DEFAULT_LANGUAGE, LANGUAGES, type Language } from './language.ts';
export { ANSWER_FIELDS, createPageFields, type PageInput, renderPage } from './page.ts';
export { type Preference, parsePreferences } from './preferences.ts';
