import { errors, type NatsConnection } from 'nats';
import { z } from 'zod';
import { SallyportError } from '#libs/errors';
import { type AccountClaims, decodeJwt, encodeAccountJwt, type Nkey } from '#libs/nats-identity';
import { accountLookup, kickSubject, leafsSubject, system } from './permissions/subjects.ts';

const REQUEST_TIMEOUT_MS = 5_000;
const OK = 200;
const LIST_WAIT_MS = 1_000;
const MAX_HUBS = 64;
/** Within the hub's own wait for an auth callout. */
const STANDING_TIMEOUT_MS = 2_000;

const pushAnswer = z.object({
  data: z.object({ code: z.number(), message: z.string().optional() }).optional(),
  error: z.object({ description: z.string() }).optional(),
});

/**
 * Makes an account JWT known to every hub, at once and lasting (full resolver). Exporters must be known before importers.
 * @throws ERR_BROKER_PUSH (retryable) when the hub refuses it or does not answer.
 */
export async function pushAccount(sys: NatsConnection, accountJwt: string): Promise<void> {
  const answer = pushAnswer.safeParse((await request(sys, system.updateClaims, accountJwt)).json());
  if (answer.success && !answer.data.error && answer.data.data?.code === OK) return;
  const why = answer.data?.error?.description ?? answer.data?.data?.message ?? 'unexpected answer';
  throw new SallyportError('ERR_BROKER_PUSH', `hub refused the account: ${why}`, { retryable: true });
}

/** Claims of an account as the hub has them now. @throws ERR_BROKER_PUSH */
export async function lookUpAccount(
  sys: NatsConnection,
  publicKey: string,
): Promise<{ readonly name: string; readonly claims: AccountClaims }> {
  const text = (await request(sys, accountLookup(publicKey), '')).string();
  const decoded = decodeJwt(text);
  if (decoded.status === 'refused')
    throw new SallyportError('ERR_BROKER_PUSH', `hub does not know account ${publicKey}`, { retryable: true });
  return { name: decoded.claims.name, claims: accountClaimsOf(decoded.claims.nats) };
}

/**
 * Revokes users of an account: JWTs issued until the given second are void, live links by them are cut. A user already
 * revoked stays as it is; nothing is pushed when all are.
 */
export async function revokeUsers(
  sys: NatsConnection,
  input: {
    /** Public key of the account. */
    readonly account: string;
    /** The operator's signing key. */
    readonly signer: Nkey;
    /** Public keys of users, with the Unix second up to which their JWTs are void. */
    readonly users: Readonly<Record<string, number>>;
  },
): Promise<boolean> {
  const { name, claims } = await lookUpAccount(sys, input.account);
  const revocations: Record<string, number> = { ...claims.revocations };
  let isChanged = false;
  for (const [user, untilSeconds] of Object.entries(input.users)) {
    if (revocations[user] !== undefined) continue;
    revocations[user] = untilSeconds;
    isChanged = true;
  }
  if (!isChanged) return false;
  const jwt = await encodeAccountJwt({
    name,
    publicKey: input.account,
    signer: input.signer,
    claims: { ...claims, revocations },
  });
  await pushAccount(sys, jwt);
  return true;
}

const leafAnswer = z.object({
  server: z.object({ id: z.string() }),
  data: z.object({ leafs: z.array(z.object({ id: z.number() })).default([]) }),
});

/** Every leaf link of an account, of every hub that answers in time (one second, at most 64 hubs). */
export async function listLeafs(
  sys: NatsConnection,
  account: string,
): Promise<readonly { readonly serverId: string; readonly connectionId: number }[]> {
  const options = { strategy: 'stall', maxWait: LIST_WAIT_MS, maxMessages: MAX_HUBS } as const;
  const found: { serverId: string; connectionId: number }[] = [];
  for await (const answer of await sys.requestMany(system.leafs, JSON.stringify({ account }), options)) {
    const parsed = leafAnswer.safeParse(answer.json());
    if (!parsed.success) throw new SallyportError('ERR_BROKER_LEAFS', 'hub listed its leafs in an unknown form');
    const { server, data } = parsed.data;
    found.push(...data.leafs.map(({ id }) => ({ serverId: server.id, connectionId: id })));
  }
  return found;
}

/** Whether a leaf link still stands. A hub that is gone has none. @throws ERR_BROKER_LEAFS when the hub does not answer. */
export async function isLeafStanding(
  sys: NatsConnection,
  account: string,
  link: { readonly serverId: string; readonly connectionId: number },
): Promise<boolean> {
  try {
    const answer = await sys.request(leafsSubject(link.serverId), JSON.stringify({ account }), {
      timeout: STANDING_TIMEOUT_MS,
    });
    return leafAnswer.parse(answer.json()).data.leafs.some(({ id }) => id === link.connectionId);
  } catch (cause) {
    if (cause instanceof errors.RequestError && cause.isNoResponders()) return false;
    throw new SallyportError('ERR_BROKER_LEAFS', 'hub did not tell its leafs', { cause, retryable: true });
  }
}

/** Cuts one connection of one server; it may come back if it is let in again. Answers no error for one that is gone. */
export async function kickConnection(
  sys: NatsConnection,
  link: { readonly serverId: string; readonly connectionId: number },
): Promise<void> {
  await request(sys, kickSubject(link.serverId), JSON.stringify({ cid: link.connectionId }));
}

/** The hub verified the account when it took it; only the parts we change are looked into. */
function accountClaimsOf(nats: Readonly<Record<string, unknown>>): AccountClaims {
  const { revocations, ...rest } = nats;
  const known = z.record(z.string(), z.number()).safeParse(revocations ?? {});
  return { ...rest, revocations: known.success ? known.data : {} };
}

async function request(sys: NatsConnection, subject: string, payload: string) {
  try {
    return await sys.request(subject, payload, { timeout: REQUEST_TIMEOUT_MS });
  } catch (cause) {
    throw new SallyportError('ERR_BROKER_PUSH', `hub did not answer ${subject} in ${REQUEST_TIMEOUT_MS} ms`, {
      cause,
      retryable: true,
    });
  }
}
