import { z } from 'zod';
import type { Principal } from '#libs/contracts';
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
};

/**
 * Who the token speaks of. Key is `oid` within `tid`; names only show. A token that says "more groups than I list" gives a
 * principal with `groupsOverage`, and what it lists is left out: unknown groups are never no groups, nor only some. So does one
 * without `groups`, unless the registration is known to send them: then it is of somebody in none. Without `wids`, directory roles
 * are unknown: where the registration sends them, everybody has one.
 */
export function principalOf(claims: TokenClaims, options: PrincipalOptions = {}): Person {
  const parsed = personal.safeParse(claims);
  if (!parsed.success) throw refused(`claim ${parsed.error.issues[0]?.path[0]?.toString() ?? '?'} is of a wrong kind`);
  const { name, preferred_username, upn, email, groups, roles, wids, acrs, acct } = parsed.data;
  const elsewhere = parsed.data._claim_names;
  const isUnlisted = groups === undefined && options.sendsGroups !== true;
  const isOverage = isUnlisted || hasUnknownGroups(claims.hasgroups, elsewhere);
  const hasRoles = wids !== undefined && !Object.hasOwn(elsewhere ?? {}, 'wids');
  const username = display(preferred_username ?? upn ?? email ?? claims.oid);
  const principal: Principal = {
    subject: claims.oid,
    directoryTenant: claims.tid.slice(0, 128),
    username,
    name: display(name ?? username),
    email: email?.includes('@') ? display(email) : null,
    groups: isOverage ? [] : (groups ?? []),
    ...(isOverage ? { groupsOverage: true } : {}),
    roles,
    directoryRoles: hasRoles ? wids : [],
    ...(hasRoles ? {} : { directoryRolesUnknown: true }),
    ...(acct === undefined ? {} : { isGuest: acct === 1 }),
    ...keptClaimsOf(claims, options),
  };
  return { principal, authenticationContexts: acrs.filter(({ length }) => length <= MAX_CONTEXT_LENGTH) };
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

/** Control characters become spaces: names end up on pages, in log lines and in headers. */
function display(text: string): string {
  return text
    .replace(/\p{C}+/gu, ' ')
    .trim()
    .slice(0, MAX_NAME_LENGTH);
}
