import type { OnRequest, ServerExchange } from '#libs/tunnel-protocol';

const NOTHING = { onCancel: () => undefined };

/** Fields of a request head by lower-case name; repeated ones joined by ` | `, so that none hides. */
export function fieldsOf(exchange: ServerExchange): Record<string, string> {
  const fields: Record<string, string> = {};
  const list = exchange.head.fields;
  for (let i = 0; i + 1 < list.length; i += 2) {
    const name = (list[i] ?? '').toLowerCase();
    const value = list[i + 1] ?? '';
    fields[name] = fields[name] === undefined ? value : `${fields[name]} | ${value}`;
  }
  return fields;
}

/** Answers with one head and a small body, and keeps what it was asked. */
export function recordingOrigin(
  status = 200,
  fields: readonly string[] = [],
  body = 'ok',
): { readonly seen: ServerExchange[]; readonly onRequest: OnRequest } {
  const seen: ServerExchange[] = [];
  return {
    seen,
    onRequest: (exchange) => {
      seen.push(exchange);
      exchange.respondHead(status, fields, { hasBody: body !== '' });
      if (body !== '') {
        exchange.write(Buffer.from(body));
        exchange.end();
      }
      return NOTHING;
    },
  };
}

/** Sends `bytes` of zeros as fast as the tunnel takes them. */
export function bulkOrigin(bytes: number, onCancel: () => void = () => undefined): OnRequest {
  const chunk = Buffer.alloc(64 * 1024);
  return (exchange) => {
    let left = bytes;
    const pump = () => {
      while (left > 0 && exchange.isOpen) {
        const part = left < chunk.length ? chunk.subarray(0, left) : chunk;
        left -= part.length;
        if (!exchange.write(part)) break;
      }
      if (left === 0 && exchange.isOpen) {
        left = -1;
        exchange.end();
      }
    };
    exchange.respondHead(200, ['Content-Length', String(bytes)]);
    pump();
    return { onCancel, onDrain: pump };
  };
}

/** Takes the whole body, then answers its length and what `take` made of it. */
export function uploadOrigin(onChunk: (chunk: Uint8Array) => void = () => undefined): OnRequest {
  return (exchange) => {
    let bytes = 0;
    exchange.receiveBody({
      onData: (chunk) => {
        bytes += chunk.length;
        onChunk(chunk);
      },
      onEnd: () => {
        exchange.respondHead(200, ['Content-Type', 'text/plain']);
        exchange.write(Buffer.from(String(bytes)));
        exchange.end();
      },
    });
    return NOTHING;
  };
}
