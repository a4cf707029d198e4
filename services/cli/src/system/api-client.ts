import { readFile } from 'node:fs/promises';
import { Agent, type Dispatcher, errors, request } from 'undici';
import { z } from 'zod';
import { SallyportError } from '#libs/errors';
import { refused, unavailable } from '../errors.ts';
import type { Connection } from './connection.ts';

export type ApiMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export type CallOptions = {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  /** Becomes If-Match. */
  readonly revision?: number | undefined;
};

/** The REST API. Errors keep the API's code, and are retryable when it says so; ERR_CLI_UNAVAILABLE when nothing answers. */
export type Api = {
  call<Schema extends z.ZodType>(
    schema: Schema,
    method: ApiMethod,
    path: string,
    options?: CallOptions,
  ): Promise<z.infer<Schema>>;
  /** Lines of JSON as they come, until the server ends the stream or the signal aborts. */
  follow(path: string, query: CallOptions['query'], signal: AbortSignal): AsyncIterable<unknown>;
  close(): Promise<void>;
};

const CALL_TIMEOUT_MS = 75_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** The server writes an empty line each 15 s. */
const FOLLOW_SILENCE_MS = 45_000;
const MAX_LINE_CHARACTERS = 4 * 1024 * 1024;

const problem = z.object({ code: z.string(), detail: z.string(), retryable: z.boolean().default(false) });

/** `token` is asked for each call, for a token of the local operator lives minutes. */
export async function createApi(connection: Connection, token: () => Promise<string>): Promise<Api> {
  const dispatcher = await createDispatcher(connection);
  const send = async (
    method: ApiMethod,
    path: string,
    given: CallOptions & { signal?: AbortSignal; accept: string },
  ) => {
    const url = new URL(path.replace(/^\//, ''), connection.apiUrl);
    for (const [name, value] of Object.entries(given.query ?? {}))
      if (value !== undefined) url.searchParams.set(name, String(value));
    const options = {
      method,
      dispatcher,
      headers: {
        authorization: `Bearer ${await token()}`,
        accept: given.accept,
        ...(given.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(given.revision === undefined ? {} : { 'if-match': `"${given.revision}"` }),
      },
      body: given.body === undefined ? null : JSON.stringify(given.body),
      ...(given.signal === undefined ? {} : { signal: given.signal }),
    };
    const answer = await reach(connection, () => request(url, options));
    if (answer.statusCode >= 300) throw await toError(answer, `${method} ${url.pathname}`);
    return answer;
  };
  return {
    call: async (schema, method, path, options = {}) => {
      const answer = await send(method, path, { ...options, accept: 'application/json' });
      const parsed = schema.safeParse(await reach(connection, () => answer.body.json()));
      if (parsed.success) return parsed.data;
      throw new SallyportError(
        'ERR_CLI_ANSWER',
        `${method} ${path} answered something unexpected: is it the same version?`,
        {
          cause: parsed.error,
        },
      );
    },
    follow: (path, query, signal) =>
      readLines(() => send('GET', path, { query: query ?? {}, signal, accept: 'application/x-ndjson' }), signal),
    close: () => dispatcher.close(),
  };
}

export async function createDispatcher(connection: Pick<Connection, 'caFile'>): Promise<Agent> {
  const connect = connection.caFile === null ? {} : { ca: await readCa(connection.caFile) };
  return new Agent({
    connect: { ...connect, timeout: CONNECT_TIMEOUT_MS },
    headersTimeout: CALL_TIMEOUT_MS,
    bodyTimeout: FOLLOW_SILENCE_MS,
  });
}

async function readCa(caFile: string): Promise<string> {
  try {
    return await readFile(caFile, 'utf8');
  } catch (cause) {
    throw refused('ERR_CLI_SYSTEM_FILE', `CA certificate ${caFile} cannot be read`, cause);
  }
}

async function reach<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'AbortError') throw cause;
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS/.test(code))
      throw refused(
        'ERR_CLI_SYSTEM_FILE',
        `the certificate of ${connection.apiUrl} is not trusted (${code}): name its CA with --ca-file`,
        cause,
      );
    const how = connection.dataDir === null ? 'check the URL' : 'start it with `npm start`';
    throw unavailable(`Sallyport does not answer at ${connection.apiUrl} (${describe(cause, code)}): ${how}`, cause);
  }
}

function describe(cause: unknown, code: string): string {
  if (cause instanceof errors.HeadersTimeoutError || cause instanceof errors.ConnectTimeoutError)
    return 'no answer in time';
  if (code === 'ECONNREFUSED') return 'connection refused';
  return code === '' ? 'connection failed' : code;
}

async function toError(answer: Dispatcher.ResponseData, what: string): Promise<SallyportError> {
  const parsed = problem.safeParse(await answer.body.json().catch(() => undefined));
  if (!parsed.success)
    return new SallyportError('ERR_CLI_ANSWER', `${what} answered ${answer.statusCode}`, {
      expose: true,
      retryable: answer.statusCode >= 502,
    });
  const { code, detail, retryable } = parsed.data;
  // A refusal is 4xx; what is 500 is a bug on the other side, even though its text may be shown.
  const isBug = answer.statusCode === 500;
  return new SallyportError(code, detail, { expose: !isBug, retryable: retryable && !isBug });
}

async function* readLines(open: () => Promise<Dispatcher.ResponseData>, signal: AbortSignal): AsyncGenerator<unknown> {
  let rest = '';
  try {
    const answer = await open();
    answer.body.setEncoding('utf8');
    for await (const chunk of answer.body) {
      const lines = `${rest}${String(chunk)}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') yield JSON.parse(line);
      if (rest.length > MAX_LINE_CHARACTERS)
        throw unavailable(`one event has more than ${MAX_LINE_CHARACTERS} characters`);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
