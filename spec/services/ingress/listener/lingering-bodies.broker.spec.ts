import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { ServerExchange } from '#libs/tunnel-protocol';
import { until } from '../../../support/until.ts';
import { openSocket } from '../support/http-client.ts';
import { appView, DOMAIN, type IngressRig, startIngressRig } from '../support/ingress-rig.ts';

const HOST = `Host: wiki.${DOMAIN}\r\n`;

describe('ingress: bodies that nobody waits for', () => {
  let rig: IngressRig;
  before(async () => {
    rig = await startIngressRig({
      apps: [appView('wiki')],
      config: { limits: { headerTimeoutMs: 500, bodyIdleTimeoutMs: 1_000 } },
    });
  });
  after(() => rig.stop());

  it('closes a connection whose small body never comes', async () => {
    const { closed, text } = await send(`POST / HTTP/1.1\r\nHost: none.${DOMAIN}\r\nContent-Length: 10\r\n\r\n`);
    await closed;
    expect(text()).to.contain('404 Not Found');
  });

  it('closes a connection that goes on sending after its answer', async () => {
    const { socket, closed, text } = await send(`OPTIONS * HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`);
    let sent = 0;
    const chunk = Buffer.concat([Buffer.from('4000\r\n'), Buffer.alloc(0x4000), Buffer.from('\r\n')]);
    const timer = setInterval(() => {
      if (socket.writable && socket.writableLength === 0) sent += chunk.length;
      if (socket.writable) socket.write(chunk);
    }, 5);
    await closed;
    clearInterval(timer);
    expect(text()).to.contain('204 No Content');
    expect(sent).to.be.lessThan(5_000_000);
  });

  for (const [what, head] of [
    ['its answer', `OPTIONS * HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`],
    ['an answer that ends the connection', `OPTIONS * HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`],
    ['what is no request', 'OPTIONS * HTTP/1.1\r\nHost : x\r\n\r\n'],
  ] as const)
    it(`reads no more of a user who closes nothing and sends on after ${what}`, async () => {
      const socket = await openSocket(rig, { allowHalfOpen: true });
      socket.on('error', () => undefined);
      let text = '';
      socket.on('data', (data: Buffer) => {
        text += data.toString('latin1');
      });
      const closed = new Promise((resolve) => socket.once('close', resolve));
      const chunk = Buffer.concat([Buffer.from('4000\r\n'), Buffer.alloc(0x4000), Buffer.from('\r\n')]);
      let sent = 0;
      const send = () => {
        let hasRoom = !socket.destroyed;
        while (hasRoom) {
          sent += chunk.length;
          hasRoom = socket.write(chunk);
        }
      };
      socket.on('drain', send);
      socket.write(head);
      await until(() => text.includes('\r\n\r\n'));
      send();
      await closed;
      expect(text).to.match(/^HTTP\/1.1 (204|400) /);
      expect(sent).to.be.lessThan(16_000_000);
    });

  it('does not reset a user who still sends when a complete request was refused: the answer arrives', async () => {
    const socket = await openSocket(rig);
    const errors: Error[] = [];
    socket.on('error', (error) => errors.push(error));
    let text = '';
    socket.on('data', (data: Buffer) => {
      text += data.toString('latin1');
    });
    socket.pause();
    socket.write(`GET / HTTP/1.1\r\n${HOST}Expect: the-unexpected\r\n\r\n`);
    for (let index = 0; index < 10; index += 1) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      socket.write('GET /next HTTP/1.1\r\n');
    }
    socket.resume();
    await new Promise((resolve) => socket.once('end', resolve));
    expect(errors).to.deep.equal([]);
    expect(text).to.contain('417 Expectation Failed');
  });

  it('takes an upgrade that is no WebSocket for the ordinary request it is', async () => {
    let seen: ServerExchange | undefined;
    let body = '';
    rig.serve((exchange) => {
      seen = exchange;
      exchange.receiveBody({
        onData: (chunk) => {
          body += Buffer.from(chunk).toString();
        },
        onEnd: () => exchange.respondHead(200, [], { hasBody: false }),
      });
      return { onCancel: () => undefined };
    });
    const { socket, text } = await send(
      `POST /pay HTTP/1.1\r\n${HOST}Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n\r\nhello`,
    );
    await until(() => text().includes('200 OK'));
    expect([seen?.isUpgrade, body]).to.deep.equal([false, 'hello']);
    socket.destroy();
  });

  it('ends a WebSocket of an open app that is retired', async () => {
    rig.serve((exchange) => {
      exchange.respondHead(101, ['Sec-WebSocket-Accept', 'x'], { isUpgraded: true });
      exchange.receiveBody({ onData: () => undefined, onEnd: () => exchange.end() });
      return { onCancel: () => undefined };
    });
    await rig.putApp(appView('brief', { revision: 1 }));
    const { text, closed } = await send(
      `GET /ws HTTP/1.1\r\nHost: brief.${DOMAIN}\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    );
    await until(() => text().includes('101 Switching'));
    await rig.putApp(appView('brief', { revision: 2, preauthentication: 'oidc' }));
    await closed;
  });

  it('hands the bytes of tiny chunks on together', async () => {
    const sizes: number[] = [];
    rig.serve((exchange) => {
      exchange.receiveBody({
        onData: (chunk) => sizes.push(chunk.length),
        onEnd: () => exchange.respondHead(200, [], { hasBody: false }),
      });
      return { onCancel: () => undefined };
    });
    const { socket, text } = await send(
      `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(2_000)}0\r\n\r\n`,
    );
    await until(() => text().includes('200 OK'));
    expect(sizes.reduce((sum, size) => sum + size, 0)).to.equal(2_000);
    expect(sizes.length).to.be.lessThan(20);
    socket.destroy();
  });

  it('cuts a user who asks and asks and never reads', async () => {
    const page = Buffer.alloc(60_000, 0x61);
    rig.serve((exchange) => {
      exchange.respondHead(200, ['Content-Length', String(page.length)]);
      exchange.write(page);
      exchange.end();
      return { onCancel: () => undefined };
    });
    const socket = await openSocket(rig);
    socket.on('error', () => undefined);
    socket.pause();
    socket.write(`GET / HTTP/1.1\r\n${HOST}\r\n`.repeat(400));
    await until(() => rig.ingress.services.counters.requests > 20);
    // Nothing is read for longer than a reader may stall; then what is left shows the cut.
    await until(() => rig.ingress.services.recordBudget.taken === 0, {
      deadlineMs: 8_000,
      what: 'its places given back',
    });
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
    expect(bytes).to.be.lessThan(400 * page.length);
  });

  async function send(bytes: string) {
    const socket = await openSocket(rig);
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', () => undefined);
    const closed = new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
    });
    socket.write(bytes);
    return { socket, closed, text: () => text };
  }
});
