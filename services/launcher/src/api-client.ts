import { readFile } from 'node:fs/promises';
import { Agent, request } from 'undici';
import { SallyportError } from '#libs/errors';
import { mintLocalOperatorToken } from '#libs/local-operator';

const CALL_TIMEOUT_MS = 10_000;

/** The launcher as a client of the REST API, signed as the local operator: the same way every admin goes. */
export type ApiClient = {
  call(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<unknown>;
  close(): Promise<void>;
};

/** Error ERR_LAUNCHER_API names method, path, status and the problem's detail. */
export async function createApiClient(options: {
  readonly apiUrl: string;
  readonly caFile: string;
  readonly operatorKeyFile: string;
}): Promise<ApiClient> {
  const [ca, key] = await Promise.all([readFile(options.caFile, 'utf8'), readFile(options.operatorKeyFile, 'utf8')]);
  const dispatcher = new Agent({ connect: { ca }, headersTimeout: CALL_TIMEOUT_MS, bodyTimeout: CALL_TIMEOUT_MS });
  return {
    call: async (method, path, body) => {
      const token = await mintLocalOperatorToken(key, 'launcher');
      const { statusCode, body: answer } = await request(new URL(path.replace(/^\//, ''), options.apiUrl), {
        method,
        dispatcher,
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: body === undefined ? null : JSON.stringify(body),
      });
      const text = await answer.text();
      if (statusCode < 300) return text === '' ? null : JSON.parse(text);
      throw new SallyportError('ERR_LAUNCHER_API', `${method} ${path} answered ${statusCode}: ${text.slice(0, 400)}`, {
        expose: true,
        retryable: statusCode >= 500,
        details: { method, path, statusCode },
      });
    },
    close: () => dispatcher.close(),
  };
}
