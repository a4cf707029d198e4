import type { ClientInfo } from '#libs/contracts';
import type { FieldList } from '#libs/http1';
import { decisionKey, tokenDecisionKey } from '../decisions/decision-key.ts';
import { type PresentedToken, readPresentedToken } from '../decisions/presented-token.ts';
import type { PublishedApp } from '../directory/published-app.ts';
import type { ClientAddress } from '../listener/client-address.ts';
import type { RequestHeadFields } from '../listener/request-head.ts';
import { readAccessCookie, withoutOwnCookies } from '../sign-in/own-cookies.ts';

/** Of `clientInfo` in the contract. */
const MAX_ADDRESS_LENGTH = 64;
const MAX_USER_AGENT_LENGTH = 400;

/**
 * What follows from a request head and its connection alone, worked out when first asked for. A kept connection often repeats
 * its field lines, and then shares this with the request before.
 */
export class HeadFacts {
  readonly client: ClientAddress;
  readonly #head: RequestHeadFields;
  #accessCookie: string | undefined;
  #isAccessCookieRead = false;
  #originCookie: string | undefined;
  #clientInfo: ClientInfo | undefined;
  #tokenFor: PublishedApp | undefined;
  #token: PresentedToken | undefined;
  #isTokenRead = false;
  #keyOfApp = '';
  #keyOf: PresentedToken | undefined;
  #key = '';
  #forwardedTo: PublishedApp | undefined;
  #forwardedAt = -1;
  #forwarded: FieldList = [];

  constructor(head: RequestHeadFields, client: ClientAddress) {
    this.#head = head;
    this.client = client;
  }

  /** What other services are told about the client, at the lengths they accept. */
  get clientInfo(): ClientInfo {
    this.#clientInfo ??= {
      address: this.client.address.slice(0, MAX_ADDRESS_LENGTH),
      userAgent: this.#head.userAgent.slice(0, MAX_USER_AGENT_LENGTH),
    };
    return this.#clientInfo;
  }

  get accessCookie(): string | undefined {
    if (!this.#isAccessCookieRead) {
      this.#isAccessCookieRead = true;
      this.#accessCookie = readAccessCookie(this.#head.cookie);
    }
    return this.#accessCookie;
  }

  /** The Cookie field for the origin, empty when none is left. */
  get originCookie(): string {
    this.#originCookie ??= withoutOwnCookies(this.#head.cookie);
    return this.#originCookie;
  }

  /** What a program brings in place of the access cookie, and before it; undefined, at no cost, for nearly all. Without an app: of the portal. */
  tokenFor(app: PublishedApp | undefined): PresentedToken | undefined {
    const head = this.#head;
    if (head.credential === undefined && head.authorization === undefined) return undefined;
    if (!this.#isTokenRead || this.#tokenFor !== app) {
      this.#token = readPresentedToken(head, app?.view.bearerTokens?.header === 'authorization');
      this.#tokenFor = app;
      this.#isTokenRead = true;
    }
    return this.#token;
  }

  /** Key of the access decision about an app, by `tokenFor` it or the access cookie. */
  decisionKey(appId: string, presented: PresentedToken | undefined): string {
    if (this.#keyOfApp !== appId || this.#keyOf !== presented) {
      this.#key =
        presented?.kind === 'token'
          ? tokenDecisionKey(appId, presented.token)
          : decisionKey(appId, this.accessCookie ?? '');
      this.#keyOfApp = appId;
      this.#keyOf = presented;
    }
    return this.#key;
  }

  /**
   * The fields an app gets of every request with this head; `build` makes them for an app that was not the last one, and when
   * the directory has changed, which links in them depend on.
   */
  forwarded(app: PublishedApp, directoryChanges: number, build: () => FieldList): FieldList {
    if (this.#forwardedTo !== app || this.#forwardedAt !== directoryChanges) {
      this.#forwarded = build();
      this.#forwardedTo = app;
      this.#forwardedAt = directoryChanges;
    }
    return this.#forwarded;
  }
}
