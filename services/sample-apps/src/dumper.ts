import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { html } from '#libs/pages';
import { sendJson, sendPage } from './answer.ts';
import { dumpBody, uploadBody } from './dumper-page.ts';
import { sendBig, sendEcho, sendEvents, sendLate, takeUpload } from './dumper-tools.ts';
import { ASSERTION_HEADER, type AssertionVerdict, type AssertionVerifier } from './verify-assertion.ts';

/** What the dumper saw of one request. */
export type Dump = {
  readonly method: string;
  readonly path: string;
  readonly httpVersion: string;
  readonly remoteAddress: string;
  /** In the order received, duplicates kept. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The plain identity headers: claims without proof. */
  readonly plainIdentity: Readonly<Record<string, string>>;
  readonly assertion: AssertionVerdict;
};

/** Shows every request what it looked like when it arrived here; `/echo`, `/slow`, `/sse`, `/big` and `/upload` are tools. */
export function createDumper(verifier: AssertionVerifier): RequestListener {
  return (req, res) => {
    const url = new URL(req.url ?? '/', 'http://dumper.invalid');
    switch (url.pathname) {
      case '/echo':
        return sendEcho(req, res);
      case '/slow':
        return sendLate(req, res, url.searchParams);
      case '/sse':
        return sendEvents(req, res, url.searchParams);
      case '/big':
        return sendBig(req, res, url.searchParams);
      case '/upload':
        if (req.method === 'POST') return takeUpload(req, res);
        return sendPage(res, { title: 'Upload', body: uploadBody() });
      default:
        answerDump(req, res, url, verifier).catch((error: unknown) => failed(res, error));
    }
  };
}

async function answerDump(
  req: IncomingMessage,
  res: ServerResponse,
  url: URL,
  verifier: AssertionVerifier,
): Promise<void> {
  req.resume();
  const dump: Dump = {
    method: req.method ?? '',
    path: req.url ?? '',
    httpVersion: req.httpVersion,
    remoteAddress: req.socket.remoteAddress ?? '',
    headers: pairs(req.rawHeaders),
    plainIdentity: plainIdentity(req),
    assertion: await verifier.verify(req.headers[ASSERTION_HEADER]),
  };
  const wantsJson = (req.headers.accept ?? '').includes('application/json') || url.pathname.endsWith('.json');
  if (wantsJson) sendJson(res, 200, dump);
  else sendPage(res, { title: 'Dumper', body: dumpBody(dump) });
}

function plainIdentity(req: IncomingMessage): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(req.headers)) {
    if (!name.startsWith('x-sallyport-') || name === ASSERTION_HEADER) continue;
    found[name] = Array.isArray(value) ? value.join(', ') : (value ?? '');
  }
  return found;
}

function pairs(raw: readonly string[]): [string, string][] {
  const list: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) list.push([raw[i] ?? '', raw[i + 1] ?? '']);
  return list;
}

function failed(res: ServerResponse, error: unknown): void {
  if (res.headersSent) return void res.destroy();
  const text = error instanceof Error ? error.message : String(error);
  sendPage(res, { title: 'Failed', status: 500, body: html`<h1>The dumper failed</h1><p class="soft">${text}</p>` });
}
