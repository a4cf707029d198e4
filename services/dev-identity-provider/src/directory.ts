import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { UserConfig } from './config.ts';

const FALLBACK_DOMAIN = 'sallyport.example';

export type Person = UserConfig & { readonly email: string };

export type Directory = {
  /** By name and password, null when they do not fit. Takes as long for unknown names as for wrong passwords. */
  signIn(username: string, password: string): Person | null;
  find(accountId: string): Person | undefined;
};

export function createDirectory(users: readonly UserConfig[]): Directory {
  const people = users.map((user) => ({ ...user, email: user.email ?? emailOf(user.username) }));
  const byId = new Map(people.map((person) => [person.oid, person]));
  return {
    find: (accountId) => byId.get(accountId),
    signIn: (username, password) => {
      const name = username.trim().toLowerCase();
      const person = people.find((one) => one.username.toLowerCase() === name || one.email.toLowerCase() === name);
      const expected = person?.password ?? randomBytes(16).toString('hex');
      return timingSafeEqual(digest(password), digest(expected)) && person !== undefined ? person : null;
    },
  };
}

/** Entra lists at most so many groups in a token; above it says where they can be asked for. */
const MAX_LISTED_GROUPS = 200;
const OVERAGE = {
  _claim_names: { groups: 'src1' },
  _claim_sources: { src1: { endpoint: 'https://graph.example/getMemberObjects' } },
} as const;

/** Claims of Entra ID v2.0 tokens for one person. `sub` does not differ between clients, as it would in Entra. */
export function entraClaims(
  person: Person,
  tenantId: string,
  contexts: readonly string[] = ['p1'],
): Record<string, unknown> & { sub: string } {
  return {
    ...person.claims,
    sub: createHash('sha256').update(`${tenantId}/${person.oid}`).digest('base64url'),
    ver: '2.0',
    tid: tenantId,
    oid: person.oid,
    name: person.name,
    preferred_username: person.email,
    upn: person.email,
    email: person.email,
    ...(person.groups.length > MAX_LISTED_GROUPS ? OVERAGE : { groups: person.groups }),
    ...(person.roles.length > 0 ? { roles: person.roles } : {}),
    wids: person.directoryRoles,
    ...(person.isGuest === undefined ? {} : { acct: person.isGuest ? 1 : 0 }),
    acrs: contexts,
    nbf: Math.floor(Date.now() / 1000),
    aio: 'development',
    uti: randomBytes(12).toString('base64url'),
    rh: '0.development',
  };
}

/** Names of all claims these people have, as the identity provider must know them beforehand. */
export function claimNamesOf(users: readonly UserConfig[]): string[] {
  return [...new Set([...ENTRA_CLAIMS, ...users.flatMap(({ claims }) => Object.keys(claims))])];
}

const ENTRA_CLAIMS: readonly string[] = [
  'sub',
  'ver',
  'tid',
  'oid',
  'name',
  'preferred_username',
  'upn',
  'email',
  'groups',
  '_claim_names',
  '_claim_sources',
  'roles',
  'wids',
  'acrs',
  'acct',
  'nbf',
  'aio',
  'uti',
  'rh',
];

function emailOf(username: string): string {
  return username.includes('@') ? username : `${username}@${FALLBACK_DOMAIN}`;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
