import type { NatsConnection } from 'nats';
import {
  ACCESS_COOKIE,
  type AccessChallengeView,
  type AuthorizeReply,
  type AuthReply,
  authorize,
  beginSignIn,
  completeSignIn,
  continueSignIn,
  openAppAccess,
  signOut,
} from '#libs/contracts';
import type { AskedFor } from '#libs/identity';
import { callEndpoint } from '#libs/messaging';
import { ScriptedBrowser, signInByForm } from '../../../support/identity-provider.ts';
import { APP_URL, SIGN_IN_URL, TENANT } from './auth-world.ts';

type Redirect = Extract<AuthReply, { kind: 'redirect' }>;

/** A browser in front of an ingress that asks auth and does what it says: one cookie jar per host, nothing checked. */
export class BrowserDouble {
  readonly jars = new Map<string, Map<string, string>>();
  readonly #nc: NatsConnection;
  readonly #identityProviderBrowser: ScriptedBrowser;
  readonly #otherBrowsers = new Map<string, ScriptedBrowser>();
  requestId = 'req_spec';
  /** What auth is told about this browser. */
  client = { address: '192.0.2.7', userAgent: 'spec' };
  /** What the identity provider asked this person for, in order. */
  readonly asked: AskedFor[] = [];

  /** `others`: further identity providers, whose certificates have the same name, by the origin of each. */
  constructor(
    nc: NatsConnection,
    ca: string,
    others: readonly { readonly issuer: string; readonly ca: string }[] = [],
  ) {
    this.#nc = nc;
    this.#identityProviderBrowser = new ScriptedBrowser({ ca });
    for (const other of others)
      this.#otherBrowsers.set(new URL(other.issuer).origin, new ScriptedBrowser({ ca: other.ca }));
  }

  cookies(url: string): Record<string, string> {
    return Object.fromEntries(this.jar(url));
  }

  jar(url: string): Map<string, string> {
    const { host } = new URL(url);
    const jar = this.jars.get(host) ?? new Map<string, string>();
    this.jars.set(host, jar);
    return jar;
  }

  async begin(appId: string, returnUrl = APP_URL, challenge?: AccessChallengeView): Promise<AuthReply> {
    const request = { ...this.#request(returnUrl), appId, returnUrl, ...(challenge && { challenge }) };
    return this.#keep(returnUrl, await callEndpoint(this.#nc, TENANT, beginSignIn, request));
  }

  /** The same for an address that may be none; cookies are those of the wiki. */
  async beginWith(appId: string, returnUrl: string): Promise<AuthReply> {
    const request = { ...this.#request(APP_URL), appId, returnUrl };
    return this.#keep(APP_URL, await callEndpoint(this.#nc, TENANT, beginSignIn, request));
  }

  async continue(location: string): Promise<AuthReply> {
    const token = new URL(location).searchParams.get('t') ?? '';
    const request = { ...this.#request(SIGN_IN_URL), token };
    return this.#keep(SIGN_IN_URL, await callEndpoint(this.#nc, TENANT, continueSignIn, request));
  }

  /** At the identity provider; the address it sends the browser back to. */
  authenticate(location: string, username: string): Promise<string> {
    const browser = this.#otherBrowsers.get(new URL(location).origin) ?? this.#identityProviderBrowser;
    const onAsked = (what: AskedFor) => this.asked.push(what);
    return signInByForm({ authorizeUrl: location, username, password: username, browser, onAsked });
  }

  /** `providerId`: what the ingress reads from the path; default: what stands there in an address. */
  async complete(
    callback: string | Record<string, string | string[]>,
    providerId = typeof callback === 'string' ? providerIdOf(callback) : null,
  ): Promise<AuthReply> {
    const query = typeof callback === 'string' ? Object.fromEntries(new URL(callback).searchParams) : callback;
    const request = { ...this.#request(SIGN_IN_URL), query, providerId };
    return this.#keep(SIGN_IN_URL, await callEndpoint(this.#nc, TENANT, completeSignIn, request));
  }

  async open(location: string, appId: string): Promise<AuthReply> {
    const ticket = new URL(location).searchParams.get('ticket') ?? '';
    const request = { ...this.#request(location), appId, ticket };
    return this.#keep(location, await callEndpoint(this.#nc, TENANT, openAppAccess, request));
  }

  async signOut(url: string): Promise<AuthReply> {
    return this.#keep(url, await callEndpoint(this.#nc, TENANT, signOut, this.#request(url)));
  }

  /** From the app to the app: every step must be a redirect. Returns where it ended. */
  async signIn(username: string, appId: string, returnUrl = APP_URL): Promise<string> {
    const begun = redirected(await this.begin(appId, returnUrl));
    const sent = redirected(await this.continue(begun.location));
    let ticket = sent.location;
    if (!ticket.includes('/.sallyport/complete?')) {
      const callback = await this.authenticate(sent.location, username);
      ticket = redirected(await this.complete(callback)).location;
    }
    return redirected(await this.open(ticket, appId)).location;
  }

  authorize(appId: string, url = APP_URL, cookie = this.jar(url).get(ACCESS_COOKIE) ?? ''): Promise<AuthorizeReply> {
    const { requestId, client } = this.#request(url);
    return callEndpoint(this.#nc, TENANT, authorize, { appId, accessCookie: cookie, requestId, client });
  }

  #request(url: string) {
    return { requestId: this.requestId, client: this.client, cookies: this.cookies(url) };
  }

  #keep(url: string, reply: AuthReply): AuthReply {
    const jar = this.jar(url);
    for (const line of reply.setCookies) {
      const [pair = '', ...attributes] = line.split('; ');
      const at = pair.indexOf('=');
      if (attributes.includes('Max-Age=0')) jar.delete(pair.slice(0, at));
      else jar.set(pair.slice(0, at), pair.slice(at + 1));
    }
    return reply;
  }
}

function providerIdOf(callback: string): string | null {
  return /\/callback\/([a-z0-9-]+)$/.exec(new URL(callback).pathname)?.[1] ?? null;
}

export function redirected(reply: AuthReply): Redirect {
  if (reply.kind !== 'redirect') throw new Error(`expected a redirect, got ${JSON.stringify(reply)}`);
  return reply;
}
