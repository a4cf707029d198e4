import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  forgeToken,
  type HostileAnswer,
  type HostileIdentityProvider,
  startHostileIdentityProvider,
} from './hostile-identity-provider.ts';

export type RotatingIdentityProvider = {
  readonly sts: HostileIdentityProvider;
  readonly clientId: string;
  /** Uses of refresh tokens so far, good ones and others. */
  readonly seen: { refreshes: number; reuses: number };
  /** Claims of the person, changed by specs. */
  readonly claims: Record<string, unknown>;
  /** What a spec may change: how long each answer takes, and what is answered in place of a refresh. */
  readonly behavior: { delayMs: number; refresh: HostileAnswer | null; sendsIdToken: boolean; rotates: boolean };
  /** The address a browser comes back to that was sent to `location`. */
  readonly callback: (location: string) => string;
  readonly stop: () => Promise<void>;
};

const CLIENT_ID = '11111111-1111-4111-8111-111111111111';

type Line = { isTakenBack: boolean };

/**
 * An identity provider shaped like Entra ID whose refresh tokens are good once: a second use takes back the whole line (RFC 9700, 4.14.2).
 * Whoever races for a token is signed out by it.
 */
export async function startRotatingIdentityProvider(): Promise<RotatingIdentityProvider> {
  const sts = await startHostileIdentityProvider();
  const nonces = new Map<string, string>();
  /** Codes of sign-ins that asked for no refresh token. */
  const plain = new Set<string>();
  const tokens = new Map<string, { readonly line: Line; isUsed: boolean }>();
  const seen = { refreshes: 0, reuses: 0 };
  const claims: Record<string, unknown> = {
    sub: 'pairwise',
    oid: 'b2b2b2b2-0000-4000-8000-000000000002',
    preferred_username: 'bob@example.test',
    name: 'Bob',
    groups: ['g1'],
    wids: [],
  };
  const behavior: RotatingIdentityProvider['behavior'] = {
    delayMs: 0,
    refresh: null,
    sendsIdToken: true,
    rotates: true,
  };
  const answerOf = (line: Line, nonce?: string, isPlain = false): HostileAnswer => {
    const at = Math.floor(Date.now() / 1000);
    const token = randomUUID();
    tokens.set(token, { line, isUsed: false });
    const payload = {
      iss: sts.issuer,
      aud: CLIENT_ID,
      tid: sts.tenantId,
      ver: '2.0',
      iat: at,
      nbf: at,
      exp: at + 3600,
      ...claims,
      ...(nonce === undefined ? {} : { nonce }),
    };
    const isIdTokenSent = nonce !== undefined || behavior.sendsIdToken;
    const id_token = isIdTokenSent ? forgeToken({ key: sts.key, payload }) : undefined;
    const answer = { id_token, access_token: 'opaque', token_type: 'Bearer' };
    return { body: isPlain ? answer : { ...answer, refresh_token: token } };
  };
  const refresh = (token: string): HostileAnswer => {
    seen.refreshes += 1;
    if (behavior.refresh !== null) return behavior.refresh;
    const known = tokens.get(token);
    if (known?.isUsed) {
      seen.reuses += 1;
      known.line.isTakenBack = true;
    }
    if (known === undefined || known.line.isTakenBack) return { status: 400, body: { error: 'invalid_grant' } };
    known.isUsed = behavior.rotates;
    const answer = answerOf(known.line);
    if (!behavior.rotates && typeof answer === 'object') Reflect.deleteProperty(Object(answer.body), 'refresh_token');
    return answer;
  };
  sts.answers.token = async (form) => {
    // Taken when it comes, not when it is answered: a race is lost by the second, however slow the first is.
    const answer =
      form.get('grant_type') === 'refresh_token'
        ? refresh(form.get('refresh_token') ?? '')
        : answerOf({ isTakenBack: false }, nonces.get(form.get('code') ?? ''), plain.has(form.get('code') ?? ''));
    if (behavior.delayMs > 0) await delay(behavior.delayMs);
    return answer;
  };
  return {
    sts,
    clientId: CLIENT_ID,
    seen,
    claims,
    behavior,
    callback: (location) => {
      const { searchParams } = new URL(location);
      const code = randomUUID();
      nonces.set(code, searchParams.get('nonce') ?? '');
      if (!searchParams.get('scope')?.split(' ').includes('offline_access')) plain.add(code);
      const back = new URL(searchParams.get('redirect_uri') ?? '');
      back.search = new URLSearchParams({ code, state: searchParams.get('state') ?? '' }).toString();
      return back.href;
    },
    stop: () => sts.stop(),
  };
}
