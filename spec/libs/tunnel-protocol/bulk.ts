import { createHash } from 'node:crypto';
import { head, streaming, type TunnelPair } from './tunnel-pair.ts';

/** Byte `i` of the pattern is known: a shifted or repeated chunk changes the hash. */
export function pattern(index: number, bytes: number): Buffer {
  const chunk = Buffer.alloc(bytes, (index * 7 + 13) & 0xff);
  if (bytes >= 4) chunk.writeUInt32BE(index, 0);
  return chunk;
}

export function patternHash(total: number): string {
  const hash = createHash('sha256');
  for (let sent = 0, index = 0; sent < total; index++) {
    const bytes = Math.min(65_536, total - sent);
    hash.update(pattern(index, bytes));
    sent += bytes;
  }
  return hash.digest('hex');
}

export async function download(pair: TunnelPair, total: number, addsConnector = true) {
  if (addsConnector) await pair.addConnector('c-bulk', streaming(total, pattern));
  const hash = createHash('sha256');
  let mostCommitted = 0;
  await new Promise<void>((resolve, reject) => {
    const channel = pair.open(
      {},
      {
        onHead: () =>
          channel.receiveBody({
            onData: (chunk) => {
              hash.update(chunk);
              mostCommitted = Math.max(mostCommitted, pair.client.committedBytes);
            },
            onEnd: () => resolve(),
          }),
        onFailure: ({ reason }) => reject(new Error(reason)),
      },
    );
  });
  return { hash: hash.digest('hex'), mostCommitted };
}

export async function upload(pair: TunnelPair, total: number) {
  const hash = createHash('sha256');
  let mostCommitted = 0;
  const server = await pair.addConnector('c-bulk', (exchange) => {
    exchange.receiveBody({
      onData: (chunk) => {
        hash.update(chunk);
        mostCommitted = Math.max(mostCommitted, server.committedBytes);
      },
      onEnd: () => exchange.respondHead(204, [], { hasBody: false }),
    });
    return { onCancel: () => undefined };
  });
  await new Promise<void>((resolve, reject) => {
    let sent = 0;
    let index = 0;
    const pump = (): void => {
      while (sent < total) {
        const bytes = Math.min(65_536, total - sent);
        sent += bytes;
        if (!channel.write(pattern(index++, bytes)) && sent < total) return;
      }
      channel.end();
    };
    const channel = pair.open(
      { head: head('PUT'), hasBody: true },
      {
        onHead: () => resolve(),
        onFailure: ({ reason }) => reject(new Error(reason)),
        onBodyWanted: pump,
        onDrain: pump,
      },
    );
  });
  return { hash: hash.digest('hex'), mostCommitted };
}
