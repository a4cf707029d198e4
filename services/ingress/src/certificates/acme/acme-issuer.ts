import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { AcmeConnection, type AcmeConnectionOptions, parseJson } from './acme-connection.ts';
import { challengeContext, createHostRequest } from './challenge-certificate.ts';
import { ACME_PROTOCOL, type PendingChallenges } from './challenge-gate.ts';
import { acmeFailed } from './errors.ts';

/** An order that is not through by then is given up, milliseconds. */
const ORDER_TIMEOUT_MS = 120_000;
const POLL_MIN_MS = 250;
const POLL_MAX_MS = 5_000;

const challenge = z.object({ type: z.string(), url: z.url(), token: z.string().max(512).default('') });
const authorization = z.object({ status: z.string(), challenges: z.array(challenge).max(50).default([]) });
const order = z.object({
  status: z.string(),
  authorizations: z.array(z.url()).max(10).default([]),
  finalize: z.url(),
  certificate: z.url().optional(),
});
type Order = z.infer<typeof order>;

export type AcmeIssuerOptions = AcmeConnectionOptions & {
  /** `mailto:` URLs the authority may write to. */
  readonly contact: readonly string[];
  /** Shared with the listener, see answerChallenges. */
  readonly pending: PendingChallenges;
};

/** Gets certificates from an ACME server (RFC 8555) by TLS-ALPN-01 (RFC 8737): the one https port is all it needs. */
export class AcmeIssuer {
  readonly #options: AcmeIssuerOptions;
  #connection: AcmeConnection | undefined;

  constructor(options: AcmeIssuerOptions) {
    this.#options = options;
  }

  /**
   * A certificate for one exact host: PEM chain and new key. Error: ERR_INGRESS_ACME; `details.retryAfterSeconds` is what the
   * server asks to wait.
   */
  async issue(host: string, signal: AbortSignal): Promise<{ readonly chain: string; readonly key: string }> {
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(ORDER_TIMEOUT_MS)]);
    const connection = await this.#connect();
    const placed = await connection.newOrder(host);
    const { location: orderUrl } = placed;
    if (orderUrl === undefined) throw acmeFailed('the server names no order', { isRetryable: true });
    const opened = read(order, placed.text, 'order');
    for (const url of opened.authorizations) await this.#authorize(connection, { host, url }, deadline);
    await this.#poll(connection, orderUrl, deadline, (it) => it.status !== 'pending');
    const { privateKey, request } = await createHostRequest(host);
    await connection.post(opened.finalize, { csr: request.toString('base64url') });
    const done = await this.#poll(connection, orderUrl, deadline, (it) => it.status === 'valid');
    if (done.certificate === undefined) throw acmeFailed('the order has no certificate', { isRetryable: true });
    const { text } = await connection.post(done.certificate);
    return { chain: text, key: privateKey };
  }

  async stop(): Promise<void> {
    await this.#connection?.close();
  }

  async #connect(): Promise<AcmeConnection> {
    if (this.#connection) return this.#connection;
    const connection = new AcmeConnection(this.#options);
    try {
      await connection.useAccount(this.#options.contact);
    } catch (error) {
      await connection.close();
      throw error;
    }
    this.#connection = connection;
    return connection;
  }

  async #authorize(
    connection: AcmeConnection,
    what: { readonly host: string; readonly url: string },
    deadline: AbortSignal,
  ): Promise<void> {
    const { host, url } = what;
    const asked = read(authorization, (await connection.post(url)).text, 'authorization');
    if (asked.status === 'valid') return;
    const found = asked.challenges.find(({ type }) => type === 'tls-alpn-01');
    if (!found) throw acmeFailed(`the server offers no tls-alpn-01 for ${host}`, { isRetryable: false });
    const { pending } = this.#options;
    pending.set(host, await challengeContext(host, connection.keyAuthorization(found.token)));
    try {
      await connection.post(found.url, {});
      await this.#settle(connection, what, deadline);
    } finally {
      pending.delete(host);
    }
  }

  async #settle(
    connection: AcmeConnection,
    { host, url }: { readonly host: string; readonly url: string },
    deadline: AbortSignal,
  ): Promise<void> {
    for (let waitMs = POLL_MIN_MS; ; waitMs = Math.min(waitMs * 2, POLL_MAX_MS)) {
      const { text } = await connection.post(url);
      const { status } = read(authorization, text, 'authorization');
      if (status === 'valid') return;
      if (status !== 'pending')
        throw acmeFailed(`${host} was not validated over ${ACME_PROTOCOL}: ${reasonIn(text)}`, { isRetryable: true });
      await wait(waitMs, deadline, `validation of ${host}`);
    }
  }

  async #poll(
    connection: AcmeConnection,
    url: string,
    deadline: AbortSignal,
    isDone: (order: Order) => boolean,
  ): Promise<Order> {
    for (let waitMs = POLL_MIN_MS; ; waitMs = Math.min(waitMs * 2, POLL_MAX_MS)) {
      const { text, retryAfterSeconds } = await connection.post(url);
      const seen = read(order, text, 'order');
      if (seen.status === 'invalid') throw acmeFailed(`the order failed: ${reasonIn(text)}`, { isRetryable: true });
      if (isDone(seen)) return seen;
      await wait(Math.max(waitMs, (retryAfterSeconds ?? 0) * 1000), deadline, 'the order');
    }
  }
}

async function wait(ms: number, deadline: AbortSignal, what: string): Promise<void> {
  try {
    await delay(ms, undefined, { signal: deadline });
  } catch (cause) {
    throw acmeFailed(`${what} took longer than ${ORDER_TIMEOUT_MS / 1000} s or was stopped`, {
      isRetryable: true,
      cause,
    });
  }
}

function read<T extends z.ZodType>(schema: T, text: string, what: string): z.infer<T> {
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw acmeFailed(`the server's ${what} cannot be read`, { isRetryable: true, cause: parsed.error });
}

/** The first explanation in an answer, wherever the server puts it. */
function reasonIn(text: string): string {
  return /"detail"\s*:\s*"((?:[^"\\]|\\.){1,300})"/.exec(text)?.[1] ?? 'no reason given';
}
