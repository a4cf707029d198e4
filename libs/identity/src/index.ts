export { type HtmlForm, readForm } from './html-form.ts';
export { obtainToken, type TokenRequest } from './obtain-token.ts';
export { type BrowserOptions, type BrowserResponse, loopbackLookup, ScriptedBrowser } from './scripted-browser.ts';
export { type AskedFor, type FormSignIn, signInByForm } from './sign-in-by-form.ts';
