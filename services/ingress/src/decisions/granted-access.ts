import type { AuthorizeReply, ClientInfo, Principal } from '#libs/contracts';
import type { FieldList } from '#libs/tunnel-protocol';
import type { PublishedApp } from '../directory/published-app.ts';
import { identityFields } from '../pipeline/assign-identity-headers.ts';

/** An access decision that allows, ready to be used by many requests. */
export type GrantedAccess = {
  readonly appId: string;
  readonly decisionId: string;
  readonly sessionId: string;
  /** Where it holds: policies may have looked at the network and at the program. */
  readonly client: ClientInfo;
  readonly principal: Principal;
  /** Identity headers and those of single sign-on for the origin, built once per decision. They may hold secrets. */
  readonly identityFields: FieldList;
  /** Lower-case names of single sign-on among them. */
  readonly signOnNames: ReadonlySet<string>;
  /** Single sign-on: these replace what the client sent under the same names. May hold secrets: never logged. */
  readonly originFields: FieldList;
  /** Of the app as auth knew it. */
  readonly appRevision: number;
  readonly usableUntilMs: number;
};

/** An app as the directory of this ingress knows it. */
export type KnownApp = Pick<PublishedApp, 'view' | 'signOnNames'>;

type Allowed = Extract<AuthorizeReply, { verdict: 'allow' }>;

/** `nowMs` since the epoch. The decision is usable until it expires or `cacheSeconds` have passed. */
export function grantedAccessOf(
  { appId, client }: { readonly appId: string; readonly client: ClientInfo },
  reply: Allowed,
  nowMs: number,
): GrantedAccess {
  const { principal, sessionId, assertion } = reply.identity;
  const originFields = reply.originFields ?? [];
  return {
    appId,
    decisionId: reply.decisionId,
    sessionId,
    client,
    principal,
    identityFields: identityFields(principal, assertion, originFields),
    signOnNames: new Set(originFields.filter((_text, i) => i % 2 === 0).map((name) => name.toLowerCase())),
    originFields,
    appRevision: reply.appRevision,
    usableUntilMs: Math.min(Date.parse(reply.expiresAt), nowMs + reply.cacheSeconds * 1000),
  };
}

/**
 * Where single sign-on is at work on either side, a decision and an app must be of one revision: what was made for an origin never goes
 * to the one that follows it, nor what is made for that one to the one before. `before`: the decision is the older one.
 */
export function ageBeside(access: GrantedAccess, app: KnownApp | undefined): 'before' | 'same' | 'after' {
  if (app === undefined || (access.signOnNames.size === 0 && app.signOnNames.size === 0)) return 'same';
  const { revision } = app.view;
  if (access.appRevision === revision) return 'same';
  return access.appRevision < revision ? 'before' : 'after';
}
