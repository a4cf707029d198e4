import { type AddressInfo, createServer, type Socket } from 'node:net';
import { connect } from 'node:tls';
import { expect } from 'chai';
import fc from 'fast-check';
import { before, describe, it } from 'mocha';
import { readClientHello } from '../../../../../services/ingress/src/certificates/acme/client-hello.ts';

/** The first bytes a TLS client of Node sends. */
async function helloOf(options: { servername?: string; ALPNProtocols?: string[] }): Promise<Buffer> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bytes = new Promise<Buffer>((resolve) =>
    server.once('connection', (socket: Socket) => socket.once('data', (chunk) => resolve(chunk)).on('error', () => {})),
  );
  const client = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, ...options });
  client.on('error', () => undefined);
  const hello = await bytes;
  client.destroy();
  await new Promise((resolve) => server.close(resolve));
  return hello;
}

describe('client hello', () => {
  let hello: Buffer;
  before(async () => {
    hello = await helloOf({ servername: 'Wiki.example.com', ALPNProtocols: ['acme-tls/1', 'h2'] });
  });

  it('says server name and protocols', async () => {
    expect(readClientHello(hello)).to.deep.equal({ servername: 'wiki.example.com', protocols: ['acme-tls/1', 'h2'] });
    expect(readClientHello(await helloOf({}))).to.deep.equal({ servername: '', protocols: [] });
  });

  it('is waited for until it is whole', () => {
    for (let length = 0; length < hello.length; length += 1)
      expect(readClientHello(hello.subarray(0, length)), `${length} bytes`).to.equal('incomplete');
    expect(readClientHello(Buffer.concat([hello, Buffer.from('more')]))).to.have.property('servername');
  });

  it('is not waited for where none comes', () => {
    expect(readClientHello(Buffer.from('GET / HTTP/1.1'))).to.equal(undefined);
    expect(readClientHello(Buffer.from([22, 3, 1, 0xff, 0xff]))).to.equal(undefined);
  });

  it('of any bytes neither throws nor names what is not there', () => {
    fc.assert(
      fc.property(fc.nat(hello.length - 1), fc.uint8Array({ minLength: 1, maxLength: 40 }), (at, bytes) => {
        const broken = Buffer.from(hello);
        broken.set(bytes.subarray(0, broken.length - at), at);
        const read = readClientHello(broken);
        if (typeof read !== 'object') return;
        expect(read.servername.length).to.be.at.most(broken.length);
        expect(read.protocols.join('').length).to.be.at.most(broken.length);
      }),
      { numRuns: 2_000 },
    );
  });
});
