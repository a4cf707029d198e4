import { z } from 'zod';
import { groupsOf, type Principal } from '#libs/contracts';
import { refused, type TokenClaims } from './check-token.ts';
import { keptClaimsOf, type OnLeftOut } from './kept-claims.ts';

const listed = (max: number) => z.array(z.string().max(128)).max(max);
const ids = (max: number) => listed(max).default([]);
const personal = z.looseObject({
  name: z.string().optional(),
  preferred_username: z.string().optional(),
  upn: z.string().optional(),
  email: z.string().optional(),
  groups: listed(1000).optional(),
  /** Names of claims that stand elsewhere: Entra above 200 groups. */
  _claim_names: z.record(z.string(), z.unknown()).optional(),
  roles: ids(200),
  wids: listed(200).optional(),
  acrs: ids(128),
  /** Entra's optional claim: 0 a member of the directory, 1 a guest. */
  acct: z.literal([0, 1]).optional(),
});

/** Longest authentication context kept, in characters: `c1` to `c99` and Entra's own like `p1`. Longer ones are left out, never cut. */
const MAX_CONTEXT_LENGTH = 16;

/** Longest name kept, in characters; the rest is cut off. */
const MAX_NAME_LENGTH = 320;

export type Person = { readonly principal: Principal; readonly authenticationContexts: readonly string[] };

export type PrincipalOptions = {
  /** A token without `groups` is of somebody in none. Default false: their groups are unknown. */
  readonly sendsGroups?: boolean;
  /** Further claims to keep, by name. Default: none. */
  readonly keepClaims?: readonly string[];
  /** Told of claims that are there and cannot be kept. Must not throw. */
  readonly onLeftOut?: OnLeftOut;
  /** The token is of a refresh, and this was known of the person; null: nothing. See `Refreshed`. */
  readonly refreshes?: Principal | null;
};

/** Of which at least one stands in a token that says anything of a person. */
const OF_PERSON = 'preferred_username upn name email groups hasgroups _claim_names roles wids acct'.split(' ');

/**
 * Who the token speaks of. Key is `oid` within `tid`. Without a user name it is `oid`, never `email`, which people may be able to set: who
 * edits the scopes of a sign-in's address chooses what is left out. A token that says "more groups than I list" gives a
 * principal with `groupsOverage`, and what it lists is left out: unknown groups are never no groups, nor only some. So does one
 * without `groups`, unless the registration is known to send them: then it is of somebody in none. Without `wids`, directory roles
 * are unknown: where the registration sends them, everybody has one. Of a refresh, see `Refreshed`.
 */
export function principalOf(claims: TokenClaims, options: PrincipalOptions = {}): Person {
  const parsed = personal.safeParse(claims);
  if (!parsed.success) throw refused(`claim ${parsed.error.issues[0]?.path[0]?.toString() ?? '?'} is of a wrong kind`);
  const { name, preferred_username, upn, email, groups, roles, wids, acrs, acct } = parsed.data;
  const { sendsGroups = false, refreshes } = options;
  const elsewhere = parsed.data._claim_names;
  const isUnlisted = groups === undefined && !(sendsGroups && mayBeInNone(refreshes));
  const isOverage = isUnlisted || hasUnknownGroups(claims.hasgroups, elsewhere);
  const hasRoles = wids !== undefined && !Object.hasOwn(elsewhere ?? {}, 'wids');
  const isGuest = acct === undefined ? refreshes?.isGuest : acct === 1;
  const username = display(preferred_username ?? upn ?? refreshes?.username ?? claims.oid);
  const principal: Principal = {
    subject: claims.oid,
    directoryTenant: claims.tid.slice(0, 128),
    username,
    name: display(name ?? refreshes?.name ?? username),
    email: email === undefined ? (refreshes?.email ?? null) : addressOf(email),
    groups: isOverage ? [] : (groups ?? []),
    ...(isOverage ? { groupsOverage: true } : {}),
    roles,
    directoryRoles: hasRoles ? wids : [],
    ...(hasRoles ? {} : { directoryRolesUnknown: true }),
    ...(isGuest === undefined ? {} : { isGuest }),
    ...keptClaimsOf(claims, options),
  };
  const authenticationContexts = acrs.filter(({ length }) => length <= MAX_CONTEXT_LENGTH);
  const saysNothing = refreshes != null && !OF_PERSON.some((claim) => claims[claim] !== undefined);
  return { principal: saysNothing ? refreshes : principal, authenticationContexts };
}

/** Whether a token without groups can be of somebody in none: at a sign-in, and later while nothing else was said. */
export function mayBeInNone(refreshes: Principal | null | undefined): boolean {
  return refreshes === undefined || (refreshes !== null && groupsOf(refreshes)?.length === 0);
}

/**
 * A program on its own behalf: key is `oid` of its service principal within `tid`, its name the client id (`azp`). Groups and directory
 * roles of programs stand in no token.
 */
export function appPrincipalOf(claims: TokenClaims, clientId: string | null): Principal {
  const parsed = z.looseObject({ roles: ids(200) }).safeParse(claims);
  if (!parsed.success) throw refused('claim roles is of a wrong kind');
  const name = display(clientId ?? claims.oid);
  return {
    subject: claims.oid,
    directoryTenant: claims.tid.slice(0, 128),
    username: name,
    name,
    email: null,
    groups: [],
    groupsOverage: true,
    roles: parsed.data.roles,
    directoryRoles: [],
    directoryRolesUnknown: true,
  };
}

/** Entra above 200 groups: `_claim_names.groups`, or `hasgroups` in the implicit flow. Any `hasgroups` but false counts. */
function hasUnknownGroups(hasgroups: unknown, elsewhere: Readonly<Record<string, unknown>> = {}): boolean {
  return Object.hasOwn(elsewhere, 'groups') || (hasgroups !== undefined && hasgroups !== false);
}

function addressOf(email: string): string | null {
  return email.includes('@') ? display(email) : null;
}

/** Control characters become spaces: names end up on pages, in log lines and in headers. */
function display(text: string): string {
  return text
    .replace(/\p{C}+/gu, ' ')
    .trim()
    .slice(0, MAX_NAME_LENGTH);
}
