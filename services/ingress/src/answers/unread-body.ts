import type { Exchange } from '../pipeline/exchange.ts';

/** A body this small is read and thrown away, which keeps the connection. */
const MAX_DISCARDED_BYTES = 64 * 1024;
/** Past either, the connection is closed whatever the user still sends. */
const MAX_LINGER_BYTES = 1024 * 1024;
const MAX_LINGER_MS = 1_000;

/**
 * An answer that comes before the request body was read. Closing at once would reset the connection and could take the
 * answer away from the user (RFC 9112, 9.6), so the body is read and thrown away for a bounded while before the end.
 */
export const finishUnreadBody = { isNeeded, thenEnd };

function isNeeded(exchange: Exchange): boolean {
  const { head, req } = exchange;
  if (!head.hasBody || req.isComplete || exchange.isBodyBroken) return false;
  if (exchange.expectsContinue) return true;
  return head.contentLength < 0 || head.contentLength > MAX_DISCARDED_BYTES;
}

/** Ends the response, whose head says `Connection: close` and whose body is written. */
function thenEnd(exchange: Exchange): void {
  const { req, res } = exchange;
  let discarded = 0;
  const finish = () => {
    clearTimeout(timer);
    req.discardBody();
    res.end();
  };
  const onUserData = (chunk: Buffer) => {
    discarded += chunk.length;
    exchange.requestBytes += chunk.length;
    if (discarded > MAX_LINGER_BYTES) finish();
  };
  const timer = setTimeout(finish, MAX_LINGER_MS);
  req.readBody({ onUserData, onUserEnd: finish });
}
