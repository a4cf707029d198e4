import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { type Agent, request } from 'node:https';
import { loopbackLookup } from '#libs/identity';

/** How an exchange ended for its user. Only `answered` is good; `wrong` must never happen, whatever fails. */
export type Outcome =
  | { readonly kind: 'answered' }
  /** An error answer, whole and said by the ingress: status and the problem's number. */
  | { readonly kind: 'refused'; readonly what: string }
  /** The connection ended before a whole answer; what is `unconnected` when there was none to send a request on. */
  | { readonly kind: 'cut'; readonly what: string }
  | { readonly kind: 'wrong'; readonly what: string };

export type UserCall = {
  readonly url: string;
  readonly ca: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: a connection of its own. */
  readonly agent?: Agent;
  /** Writes the body and ends it; without it there is none. */
  readonly send?: (sending: ClientRequest) => void;
  /** Each piece of the body of a 200. */
  readonly onData?: (chunk: Buffer) => void;
  /** At the whole end of a 200: what is wrong with it, undefined when nothing is. */
  readonly judge: (body: string) => string | undefined;
  readonly timeoutMs?: number;
};

const DEFAULT_TIMEOUT_MS = 60_000;
const MAX_KEPT = 64 * 1024;

/** One exchange to its end; never rejects. An exchange that does not end in time is wrong: nobody told its user. */
export function callAsUser(call: UserCall): Promise<Outcome> {
  return new Promise((resolve) => {
    const options: RequestOptions = { method: call.method ?? 'GET', headers: { ...call.headers } };
    const sending = request(call.url, { ...options, ca: call.ca, lookup: loopbackLookup, agent: call.agent ?? false });
    const limit = setTimeout(
      () => end({ kind: 'wrong', what: 'no end in time' }),
      call.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    );
    let [isAnswering, isConnected] = [false, call.agent !== undefined];
    sending.on('socket', (socket) =>
      socket.once('secureConnect', () => {
        isConnected = true;
      }),
    );
    const end = (outcome: Outcome) => {
      clearTimeout(limit);
      resolve(outcome);
      sending.destroy();
    };
    const fail = (error: NodeJS.ErrnoException) => {
      const code = error.code ?? error.message;
      // What a parser of HTTP refuses is an answer out of place.
      if (code.startsWith('HPE_')) end({ kind: 'wrong', what: code });
      else end({ kind: 'cut', what: isConnected ? code : 'unconnected' });
    };
    sending.on('error', (error: NodeJS.ErrnoException) => {
      if (!isAnswering) fail(error);
    });
    sending.on('response', (response) => {
      isAnswering = true;
      void judgeResponse(response, call).then((outcome) => {
        clearTimeout(limit);
        resolve(outcome);
        if (outcome.kind !== 'answered') sending.destroy();
      });
    });
    if (call.send) call.send(sending);
    else sending.end();
  });
}

function judgeResponse(response: IncomingMessage, call: UserCall): Promise<Outcome> {
  return new Promise((resolve) => {
    const kept: Buffer[] = [];
    let keptBytes = 0;
    const isGood = response.statusCode === 200;
    response.on('data', (chunk: Buffer) => {
      if (isGood && call.onData) call.onData(chunk);
      else if (keptBytes < MAX_KEPT) kept.push(chunk);
      keptBytes += chunk.length;
    });
    response.on('error', (error: NodeJS.ErrnoException) => {
      const what = error.code ?? error.message;
      resolve(what.startsWith('HPE_') ? { kind: 'wrong', what } : { kind: 'cut', what });
    });
    response.on('end', () => {
      if (!response.complete) return resolve({ kind: 'cut', what: 'incomplete' });
      const body = Buffer.concat(kept).toString('latin1');
      const code = /"SP-\d+"/.exec(body)?.[0] ?? 'no number';
      if (!isGood) return resolve({ kind: 'refused', what: `${response.statusCode} ${code}` });
      const wrong = call.judge(body);
      resolve(wrong === undefined ? { kind: 'answered' } : { kind: 'wrong', what: wrong });
    });
  });
}
