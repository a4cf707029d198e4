import { z } from 'zod';
import type { Principal } from '#libs/contracts';
import { CLOCK_SKEW_SECONDS, refused } from './check-token.ts';
import { keptClaimsOf, type OnLeftOut } from './kept-claims.ts';
import type { OpenidClaims } from './openid-tokens.ts';
import { mayBeInNone } from './principal-of-claims.ts';
import type { OpenidProviderConfig } from './provider-config.ts';

export type OpenidReading = Pick<OpenidProviderConfig, 'issuer' | 'claims' | 'authenticationContexts'> & {
  /** A token without groups is of somebody in none. */
  readonly sendsGroups: boolean;
  /** Further claims to keep, by name. */
  readonly keepClaims: readonly string[];
  readonly onLeftOut: OnLeftOut;
  /** The token is of a refresh, and this was known of the person; null: nothing. See `Refreshed`. */
  readonly refreshes?: Principal | null;
};

type Claims = Readonly<Record<string, unknown>>;

const MAX_SUBJECT_LENGTH = 128;
const MAX_NAME_LENGTH = 320;
const MAX_DEPTH = 5;
const ids = (max: number) =>
  z.union([
    z
      .string()
      .max(128)
      .transform((one) => [one]),
    z.array(z.string().max(128)).max(max),
  ]);
const groups = ids(1000);
const roles = ids(200);

/**
 * Who a token speaks of, by the configured claims. Key is the subject within the issuer. Groups and directory roles
 * that are not there are unknown, never none, unless the provider is known to send groups. Of a refresh, see `Refreshed`.
 */
export function principalOfClaims(claims: Claims, reading: OpenidReading): Principal {
  const { claims: names, issuer, refreshes } = reading;
  const subject = subjectOf(claims, names.subject);
  if (refreshes != null && !saysAnything(claims, names)) return { ...refreshes, subject, directoryTenant: issuer };
  const email = claimAt(claims, names.email) == null ? (refreshes?.email ?? null) : emailOf(claims, names.email);
  const isNamed = claimAt(claims, names.username) != null;
  const username = (isNamed ? usernameOf(claims, names) : refreshes?.username) ?? subject;
  const isInNone = reading.sendsGroups && mayBeInNone(refreshes);
  const inGroups = listOf(claims, names.groups, groups) ?? (isInNone ? [] : null);
  const directoryRoles = names.directoryRoles === null ? null : listOf(claims, names.directoryRoles, roles);
  return {
    subject,
    directoryTenant: issuer,
    username,
    name: textOf(claims, names.name) ?? refreshes?.name ?? username,
    email,
    groups: inGroups ?? [],
    ...(inGroups === null ? { groupsOverage: true } : {}),
    roles: listOf(claims, names.roles, roles) ?? [],
    directoryRoles: directoryRoles ?? [],
    ...(directoryRoles === null ? { directoryRolesUnknown: true } : {}),
    ...keptClaimsOf(claims, reading),
  };
}

/** Whether there is any claim that says something of the person. */
function saysAnything(claims: Claims, { username, name, email, ...lists }: OpenidReading['claims']): boolean {
  const told = [username, name, email, lists.groups, lists.roles, lists.directoryRoles];
  return told.some((claim) => claim !== null && claimAt(claims, claim) != null);
}

/** A program on its own behalf: nothing says its groups. */
export function principalOfApp(claims: OpenidClaims, clientId: string | null, reading: OpenidReading): Principal {
  const subject = subjectOf(claims, reading.claims.subject);
  const name = display(clientId ?? subject);
  return {
    subject,
    directoryTenant: reading.issuer,
    username: name,
    name,
    email: null,
    groups: [],
    groupsOverage: true,
    roles: listOf(claims, reading.claims.roles, roles) ?? [],
    directoryRoles: [],
    directoryRolesUnknown: true,
  };
}

/** What the sign-in proved, by the configured values of `acr` and `amr`. Others prove nothing here. */
export function contextsOf(
  { acr, amr }: OpenidClaims,
  map: OpenidReading['authenticationContexts'],
): readonly string[] {
  const proved = [
    ...(acr !== undefined && Object.hasOwn(map.acr, acr) ? [map.acr[acr]] : []),
    ...(amr ?? []).flatMap((method) => (Object.hasOwn(map.amr, method) ? [map.amr[method]] : [])),
  ];
  return [...new Set(proved)].filter((context) => context !== undefined);
}

/** Milliseconds since the epoch; null: the provider does not say. */
export function authenticatedAtMsOf({ auth_time: authTime }: OpenidClaims, nowMs: number): number | null {
  if (authTime === undefined) return null;
  if (authTime * 1000 > nowMs + CLOCK_SKEW_SECONDS * 1000) throw refused('claim auth_time lies in the future');
  return Math.min(authTime * 1000, nowMs);
}

/** Never cut: two people could become one. */
function subjectOf(claims: Claims, name: string): string {
  const subject = claimAt(claims, name);
  if (typeof subject !== 'string' || subject === '' || subject.length > MAX_SUBJECT_LENGTH || /\p{C}/u.test(subject))
    throw refused(`claim ${printable(name)} is no text of 1 to ${MAX_SUBJECT_LENGTH} characters`);
  return subject;
}

/**
 * Never the address in place of a name that is not there: scopes travel through the browser, so who leaves out that of the name would go by
 * an address they may have set themselves. Only where the configuration says that the name is the address.
 */
function usernameOf(claims: Claims, { username, email }: OpenidReading['claims']): string | null {
  return username === email || username === 'email' ? emailOf(claims, username) : textOf(claims, username);
}

/** Apps may know people by their address, so one that the provider calls unverified is none. */
function emailOf(claims: Claims, name: string): string | null {
  const email = textOf(claims, name);
  const isVerified = claims.email_verified === undefined || claims.email_verified === true;
  return isVerified && email?.includes('@') === true ? email : null;
}

function textOf(claims: Claims, name: string): string | null {
  const value = claimAt(claims, name);
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') throw refused(`claim ${printable(name)} is of a wrong kind`);
  const text = display(value);
  return text === '' ? null : text;
}

function listOf(claims: Claims, name: string, schema: z.ZodType<string[]>): string[] | null {
  const value = claimAt(claims, name);
  if (value === undefined || value === null) return null;
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw refused(`claim ${printable(name)} is of a wrong kind`);
  return parsed.data;
}

/** By its whole name, else as a path: names of claims may be addresses, with dots in them. */
function claimAt(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let found: unknown = claims;
  for (const step of name.split('.').slice(0, MAX_DEPTH)) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, step)) return undefined;
    found = Reflect.get(found, step);
  }
  return found;
}

function printable(name: string): string {
  return name.replace(/[^\x21-\x7e]/g, '?');
}

/** Control characters become spaces: names end up on pages, in log lines and in headers. */
function display(text: string): string {
  return text
    .replace(/\p{C}+/gu, ' ')
    .trim()
    .slice(0, MAX_NAME_LENGTH);
}
