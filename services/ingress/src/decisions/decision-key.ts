import { hash } from 'node:crypto';

/** By SHA-256 of app and access cookie: the cookie itself is not kept. A decision also holds for its client only. */
export function decisionKey(appId: string, accessCookie: string): string {
  return hash('sha256', `${appId}\n${accessCookie}`, 'base64');
}

/** The same of a bearer token; no field holds a line break, so no cookie has the key of a token. */
export function tokenDecisionKey(appId: string, token: string): string {
  return hash('sha256', `${appId}\n\n${token}`, 'base64');
}
