import type { OnRequest } from '#libs/tunnel-protocol';

export type SeenRequest = {
  readonly method: string;
  readonly target: string;
  readonly fields: readonly string[];
  body: string;
  isComplete: boolean;
};

/** Answers 200 once the whole request is there, and keeps every request it was sent, whole or not. */
export function completeOrigin(): { readonly seen: SeenRequest[]; readonly onRequest: OnRequest } {
  const seen: SeenRequest[] = [];
  return {
    seen,
    onRequest: (exchange) => {
      const { method, target, fields } = exchange.head;
      const request: SeenRequest = { method, target, fields, body: '', isComplete: !exchange.hasBody };
      seen.push(request);
      const answer = () => {
        request.isComplete = true;
        exchange.respondHead(200, ['Content-Type', 'text/plain'], { hasBody: method !== 'HEAD' });
        if (method === 'HEAD') return;
        exchange.write(Buffer.from('ok'));
        exchange.end();
      };
      if (!exchange.hasBody) answer();
      else
        exchange.receiveBody({
          onData: (chunk) => {
            request.body += Buffer.from(chunk).toString('latin1');
          },
          onEnd: answer,
        });
      return { onCancel: () => undefined };
    },
  };
}
