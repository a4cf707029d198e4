import { errors, type Msg, type NatsConnection } from 'nats';
import type { z } from 'zod';
import type { Endpoint } from '#libs/contracts';
import { SallyportError, toPublicError } from '#libs/errors';
import type { Logger } from '#libs/telemetry';

export type ServeOptions = {
  /** Queue group: one instance of the service answers. */
  readonly queue: string;
  readonly logger: Logger;
  /** Requests worked on at once; more are refused with ERR_MESSAGING_OVERLOADED (retryable). Default 512. */
  readonly maxConcurrent?: number;
};

export type CallOptions = {
  /** Milliseconds until ERR_MESSAGING_TIMEOUT. Default 5000. */
  readonly timeoutMs?: number;
};

const DEFAULT_MAX_CONCURRENT = 512;
const DEFAULT_TIMEOUT_MS = 5000;

/**
 * Serves an endpoint: requests are checked, errors answered as code, message and details of exposed errors only. The handler
 * also gets the bytes of the request, to pass on what need not be written again.
 */
export function serveEndpoint<Request extends z.ZodType, Reply extends z.ZodType>(
  nc: NatsConnection,
  tenant: string,
  endpoint: Endpoint<Request, Reply>,
  handler: (request: z.infer<Request>, bytes: Uint8Array) => Promise<z.infer<Reply>> | z.infer<Reply>,
  options: ServeOptions,
): { drain(): Promise<void> } {
  const subject = endpoint.subject(tenant);
  const limit = options.maxConcurrent ?? DEFAULT_MAX_CONCURRENT;
  const running = new Set<Promise<void>>();
  const answer = async (msg: Msg) => {
    try {
      if (running.size >= limit)
        throw new SallyportError('ERR_MESSAGING_OVERLOADED', `${subject} works on ${limit} requests already`, {
          retryable: true,
          expose: true,
        });
      const reply = await handler(parse(endpoint.request, msg, subject), msg.data);
      msg.respond(JSON.stringify({ ok: reply }));
    } catch (error) {
      const shown = toPublicError(error);
      if (shown.code === 'ERR_INTERNAL' || shown.message === 'internal error')
        options.logger.error('endpoint failed', { subject, error });
      msg.respond(JSON.stringify({ error: shown }));
    }
  };
  const subscription = nc.subscribe(subject, {
    queue: options.queue,
    callback: (error, msg) => {
      if (error) return options.logger.error('endpoint subscription failed', { subject, error });
      const work = answer(msg).catch((failure: unknown) =>
        options.logger.error('endpoint reply failed', { subject, error: failure }),
      );
      const tracked = work.finally(() => running.delete(tracked));
      running.add(tracked);
    },
  });
  return {
    drain: async () => {
      await subscription.drain();
      await Promise.all(running);
    },
  };
}

/**
 * Asks an endpoint. Errors keep the code the service gave; besides: ERR_MESSAGING_NO_SERVICE and ERR_MESSAGING_TIMEOUT
 * (both retryable), ERR_MESSAGING_REPLY (the answer does not fit the contract).
 */
export async function callEndpoint<Request extends z.ZodType, Reply extends z.ZodType>(
  nc: NatsConnection,
  tenant: string,
  endpoint: Endpoint<Request, Reply>,
  request: z.input<Request>,
  options: CallOptions = {},
): Promise<z.infer<Reply>> {
  const subject = endpoint.subject(tenant);
  const timeout = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  let msg: Msg;
  try {
    msg = await nc.request(subject, JSON.stringify(request), { timeout });
  } catch (cause) {
    throw unanswered(subject, timeout, cause);
  }
  const body = msg.json<{
    ok?: unknown;
    error?: { code: string; message: string; retryable: boolean; details: Record<string, string> };
  }>();
  if (body.error) {
    throw new SallyportError(body.error.code, body.error.message, {
      retryable: body.error.retryable,
      details: body.error.details,
      expose: body.error.message !== 'internal error',
    });
  }
  const reply = endpoint.reply.safeParse(body.ok);
  if (!reply.success)
    throw new SallyportError('ERR_MESSAGING_REPLY', `answer on ${subject} does not fit the contract`, {
      cause: reply.error,
    });
  return reply.data;
}

function parse<Schema extends z.ZodType>(schema: Schema, msg: Msg, subject: string): z.infer<Schema> {
  let input: unknown;
  try {
    input = msg.json();
  } catch (cause) {
    throw new SallyportError('ERR_MESSAGING_REQUEST', `request on ${subject} is not JSON`, { cause, expose: true });
  }
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `${issue.path.join('.') || '(root)'}: ${issue.message}`);
  throw new SallyportError('ERR_MESSAGING_REQUEST', `request is not valid: ${problems.join('; ')}`, {
    expose: true,
    details: { problems },
  });
}

function unanswered(subject: string, timeoutMs: number, cause: unknown): SallyportError {
  if (cause instanceof errors.RequestError && cause.isNoResponders()) {
    return new SallyportError('ERR_MESSAGING_NO_SERVICE', `no service answers ${subject}`, {
      cause,
      retryable: true,
      expose: true,
      details: { subject },
    });
  }
  if (cause instanceof errors.NoRespondersError) {
    return new SallyportError('ERR_MESSAGING_NO_SERVICE', `no service answers ${subject}`, {
      cause,
      retryable: true,
      expose: true,
      details: { subject },
    });
  }
  return new SallyportError('ERR_MESSAGING_TIMEOUT', `no answer on ${subject} within ${timeoutMs} ms`, {
    cause,
    retryable: true,
    expose: true,
    details: { subject, timeoutMs },
  });
}
