import { createHash } from 'node:crypto';
import { html } from '#libs/pages';

/**
 * What stands behind `#` in an address never reaches a server, and a sign-in form loses it. So a browser that leaves for a
 * sign-in, or comes back from one, gets a page in place of a redirect: it keeps the fragment in the tab's session storage,
 * and puts it back on the address it was on. Without script the page leads on as a redirect would.
 */
export type FragmentPage = { readonly text: string; readonly fields: readonly string[] };

const KEY = 'sallyport:fragment';

const LEAVE = `try{var s=sessionStorage;location.hash?s.setItem('${KEY}',JSON.stringify([location.pathname+location.search,location.hash])):s.removeItem('${KEY}')}catch(e){}location.replace(document.getElementById('next').href)`;
const RETURN = `var n=document.getElementById('next').href;try{var f=JSON.parse(sessionStorage.getItem('${KEY}')),u=new URL(n);sessionStorage.removeItem('${KEY}');if(f&&u.origin===location.origin&&u.pathname+u.search===f[0]&&f[1].charAt(0)==='#')n=u.origin+f[0]+f[1]}catch(e){}location.replace(n)`;

/** On the app's host, before the sign-in at `location`. */
export function leavePage(location: string): FragmentPage {
  return page(location, LEAVE);
}

/** On the app's host, after it; `location` is the address asked for first. */
export function returnPage(location: string): FragmentPage {
  return page(location, RETURN);
}

function page(location: string, script: string): FragmentPage {
  const body = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<title>Sallyport</title>
<noscript><meta http-equiv="refresh" content="0;url=${location}"></noscript>
</head>
<body>
<a id="next" href="${location}" rel="noreferrer" hidden>…</a>
`;
  const hash = createHash('sha256').update(script).digest('base64');
  return {
    text: `${body.text}<script>${script}</script>\n</body>\n</html>\n`,
    // No Cross-Origin-Opener-Policy: an app may have been opened by another that waits for its word.
    fields: [
      'Content-Type',
      'text/html; charset=utf-8',
      'Content-Security-Policy',
      `default-src 'none'; script-src 'sha256-${hash}'; base-uri 'none'; frame-ancestors 'none'`,
      'Cache-Control',
      'no-store',
      'X-Content-Type-Options',
      'nosniff',
      // The address holds a ticket, which is nobody else's business, the app's neither.
      'Referrer-Policy',
      'no-referrer',
    ],
  };
}
