import { z } from 'zod';
import type { actor, Endpoint } from '#libs/contracts';
import { refuseRequest } from '../errors.ts';

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** What handlers know of their caller and request. */
export type Call = {
  /** Path parameters, decoded, not checked: services check ids. */
  readonly params: Readonly<Record<string, string>>;
  readonly actor: z.infer<typeof actor>;
  /** The id of this request: correlation id of its commands, `X-Request-Id` of its answer. */
  readonly requestId: string;
  /** From Idempotency-Key, else new. */
  readonly commandId: string;
  readonly traceparent: string | undefined;
  /** From If-Match; undefined when absent or `*`. */
  readonly expectedRevision: number | undefined;
  /** Media types of Accept, lower case. */
  readonly accept: string;
  /** Aborted when the caller is gone, its token expires, or the service stops. */
  readonly signal: AbortSignal;
};

export type Answer = {
  /** Default 200. */
  readonly status?: number;
  /** Sent as JSON. Undefined: no body. */
  readonly body?: unknown;
  /** Becomes the ETag. */
  readonly revision?: number;
  readonly location?: string;
  /** Sent as lines of JSON (application/x-ndjson), undefined as an empty line, until it ends or the caller is gone. */
  readonly lines?: AsyncIterable<unknown>;
};

/** Asks services over the backbone. Errors: as callEndpoint. */
export type Backbone = {
  ask<Request extends z.ZodType, Reply extends z.ZodType>(
    endpoint: Endpoint<Request, Reply>,
    request: z.input<Request>,
    options?: { readonly timeoutMs?: number },
  ): Promise<z.infer<Reply>>;
};

export type Route = {
  readonly method: Method;
  /** Below `/v1`, Express notation: `/apps/:appId`. */
  readonly path: string;
  readonly summary: string;
  /** Answered without a token. */
  readonly isPublic: boolean;
  /** Whether If-Match is looked at. */
  readonly takesIfMatch: boolean;
  readonly query: z.ZodType | undefined;
  readonly body: z.ZodType | undefined;
  /** Status and body of success. */
  readonly reply: { readonly status: number; readonly schema: z.ZodType | undefined };
  readonly isStreaming: boolean;
  handle(input: { readonly query: unknown; readonly body: unknown; readonly call: Call }): Promise<Answer>;
};

const nothing = z.strictObject({});

/** Declares a route: query and body are checked (unknown fields refused) before `handle` sees them, typed. */
export function route<Query extends z.ZodType = typeof nothing, Body extends z.ZodType = typeof nothing>(given: {
  readonly method: Method;
  readonly path: string;
  readonly summary: string;
  readonly isPublic?: boolean;
  readonly takesIfMatch?: boolean;
  readonly isStreaming?: boolean;
  readonly query?: Query;
  readonly body?: Body;
  readonly reply?: { readonly status?: number; readonly schema?: z.ZodType };
  readonly handle: (input: {
    readonly query: z.infer<Query>;
    readonly body: z.infer<Body>;
    readonly call: Call;
  }) => Promise<Answer> | Answer;
}): Route {
  const { query, body, reply } = given;
  return {
    method: given.method,
    path: given.path,
    summary: given.summary,
    isPublic: given.isPublic ?? false,
    takesIfMatch: given.takesIfMatch ?? false,
    isStreaming: given.isStreaming ?? false,
    query,
    body,
    reply: { status: reply?.status ?? 200, schema: reply?.schema },
    handle: async (input) =>
      given.handle({
        query: check(query ?? nothing, input.query, 'query') as z.infer<Query>,
        body: check(body ?? nothing, input.body ?? {}, 'body') as z.infer<Body>,
        call: input.call,
      }),
  };
}

const MAX_PROBLEMS = 20;

/** Error ERR_API_INVALID names every field that is wrong, with what was expected. */
function check(schema: z.ZodType, input: unknown, place: 'query' | 'body'): unknown {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const problems = result.error.issues.slice(0, MAX_PROBLEMS).map((issue) => {
    const path = issue.path.join('.');
    return `${path === '' ? place : path}: ${issue.message.charAt(0).toLowerCase()}${issue.message.slice(1)}`;
  });
  throw refuseRequest('ERR_API_INVALID', `${place} is not valid: ${problems.join('; ')}`, { place, problems });
}
