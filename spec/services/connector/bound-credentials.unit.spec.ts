import type { Socket } from 'node:net';
import { expect } from 'chai';
import { afterEach, describe, it } from 'mocha';
import { OriginWorld, originConfig, type RunningOrigin, startRawOrigin } from './origin-world.ts';

/** An origin that takes whoever signed in first on a connection for the user of all that follows on it. */
function startBindingOrigin(): Promise<RunningOrigin> {
  return startRawOrigin((socket: Socket) => {
    let user: string | undefined;
    socket.on('data', (chunk: Buffer) => {
      user ??= /^authorization: *(.+)\r$/im.exec(chunk.toString('latin1'))?.[1];
      const body = user ?? 'nobody';
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    });
  });
}

describe('a connection to an origin on which a user signed in', () => {
  const kept: { stop(): Promise<unknown> }[] = [];
  const keep = <T extends { stop(): Promise<unknown> }>(one: T): T => {
    kept.push(one);
    return one;
  };
  afterEach(async () => {
    for (const one of kept.splice(0).reverse()) await one.stop();
  });

  const bodiesOf = async (field: readonly string[]) => {
    const origin = keep(await startBindingOrigin());
    const world = keep(await OriginWorld.start([originConfig(origin.url)]));
    const first = await world.fetch('GET', '/', { fields: field });
    const second = await world.fetch('GET', '/');
    return [first.body.toString(), second.body.toString()];
  };

  for (const value of ['Negotiate YIID', 'NTLM TlRM', 'negotiate YIID', 'NTLM'])
    it(`serves nobody after "${value}"`, async () => {
      expect(await bodiesOf(['Authorization', value])).to.deep.equal([value, 'nobody']);
    });

  for (const value of ['Basic YTpi', 'Bearer negotiate', 'Negotiated x'])
    it(`serves the next call after "${value}"`, async () => {
      expect(await bodiesOf(['authorization', value])).to.deep.equal([value, value]);
    });
});
