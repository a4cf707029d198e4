import type { Exchange } from '../pipeline/exchange.ts';

/** A form of ours is a sealed token and an id. */
export const MAX_FORM_BYTES = 16 * 1024;
const MAX_FORM_MS = 5_000;

/** Fields of a form, by default one of our own. `undefined`: too large, too slow, or the user is gone. */
export function readForm(exchange: Exchange, maxBytes = MAX_FORM_BYTES): Promise<URLSearchParams | undefined> {
  const { head, req, res } = exchange;
  if (!head.hasBody || req.isComplete) return Promise.resolve(new URLSearchParams());
  if (head.contentLength > maxBytes) return Promise.resolve(undefined);
  if (exchange.expectsContinue) {
    exchange.expectsContinue = false;
    res.writeInformational(100, []);
  }
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const finish = (form: URLSearchParams | undefined) => {
      clearTimeout(timer);
      exchange.onUserGone = undefined;
      if (form === undefined && !req.isComplete) req.readBody(undefined);
      resolve(form);
    };
    const timer = setTimeout(() => finish(undefined), MAX_FORM_MS);
    exchange.onUserGone = { userGone: () => finish(undefined) };
    req.readBody({
      onUserData: (chunk) => {
        bytes += chunk.length;
        exchange.requestBytes += chunk.length;
        if (bytes > maxBytes) finish(undefined);
        else chunks.push(Buffer.from(chunk));
      },
      onUserEnd: () => finish(new URLSearchParams(Buffer.concat(chunks).toString('utf8'))),
    });
  });
}
