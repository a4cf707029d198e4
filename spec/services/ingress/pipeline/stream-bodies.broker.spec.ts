import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { ServerExchange } from '#libs/tunnel-protocol';
import { until } from '../../../support/until.ts';
import { ask, open, openSocket, readAnswer } from '../support/http-client.ts';
import { appView, DOMAIN, type IngressRig, startIngressRig } from '../support/ingress-rig.ts';
import { bulkOrigin, recordingOrigin, uploadOrigin } from '../support/origins.ts';

const MIB = 1024 * 1024;
const NOTHING = { onCancel: () => undefined };

describe('ingress: streaming bodies', () => {
  let rig: IngressRig;
  before(async () => {
    rig = await startIngressRig({ apps: [appView('wiki')] });
  });
  after(() => rig.stop());

  it('reads a request body only when the connector asks for it', async () => {
    let exchange: ServerExchange | undefined;
    rig.serve((it) => {
      exchange = it;
      return NOTHING;
    });
    const socket = await openSocket(rig);
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.write(`POST / HTTP/1.1\r\nHost: wiki.${DOMAIN}\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n`);
    await until(() => exchange !== undefined);
    expect(text).to.equal('');
    const chunks: Uint8Array[] = [];
    exchange?.receiveBody({
      onData: (chunk) => chunks.push(chunk),
      onEnd: () => exchange?.respondHead(201, [], { hasBody: false }),
    });
    await until(() => text.startsWith('HTTP/1.1 100 Continue\r\n\r\n'), { what: '100 Continue' });
    socket.write('body');
    await until(() => text.includes('HTTP/1.1 201 Created'), { what: 'the answer' });
    expect(Buffer.concat(chunks).toString()).to.equal('body');
    socket.destroy();
  });

  it('answers a refused upload without 100 Continue', async () => {
    const socket = await openSocket(rig);
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.write(`PUT / HTTP/1.1\r\nHost: none.${DOMAIN}\r\nContent-Length: 4000000\r\nExpect: 100-continue\r\n\r\n`);
    await until(() => text.includes('404 Not Found'));
    expect(text).not.to.contain('100 Continue');
    expect(text.toLowerCase()).to.contain('connection: close');
    socket.destroy();
  });

  it('lets a user read the refusal of an upload that was not wanted', async () => {
    const answer = await ask(rig, '/', { host: `none.${DOMAIN}`, method: 'POST', body: Buffer.alloc(600 * 1024) });
    expect(answer.status).to.equal(404);
    expect(answer.headers.connection).to.equal('close');
  });

  it('delivers an answer that comes before the upload is complete', async () => {
    rig.serve((exchange) => {
      exchange.receiveBody({
        onData: () => {
          if (!exchange.isOpen) return;
          exchange.respondHead(413, []);
          exchange.write(Buffer.from('enough'));
          exchange.end();
        },
        onEnd: () => undefined,
      });
      return NOTHING;
    });
    const answer = await ask(rig, '/', { method: 'POST', body: Buffer.alloc(900 * 1024) });
    expect([answer.status, answer.text]).to.deep.equal([413, 'enough']);
    rig.serve(recordingOrigin().onRequest);
    expect((await ask(rig, '/')).status).to.equal(200);
  });

  it('streams 100 MB to the user with flat memory', async function () {
    this.timeout(60_000);
    rig.serve(bulkOrigin(100 * MIB));
    const grown = await growthDuring(async () => {
      const req = open(rig, '/big');
      req.end();
      const bytes = await new Promise<number>((resolve, reject) => {
        let seen = 0;
        req.on('error', reject);
        req.on('response', (res) => {
          res.on('data', (chunk: Buffer) => {
            seen += chunk.length;
          });
          res.on('end', () => resolve(seen));
        });
      });
      expect(bytes).to.equal(100 * MIB);
    });
    expect(grown).to.be.lessThan(64 * MIB);
  });

  it('streams 100 MB from the user with flat memory', async function () {
    this.timeout(60_000);
    rig.serve(uploadOrigin());
    const grown = await growthDuring(async () => {
      const req = open(rig, '/big', { method: 'PUT', headers: { 'content-length': 100 * MIB } });
      const answered = new Promise<string>((resolve, reject) => {
        req.on('error', reject);
        req.on('response', (res) => void readAnswer(res).then((answer) => resolve(answer.text), reject));
      });
      const chunk = Buffer.alloc(64 * 1024);
      for (let sent = 0; sent < 100 * MIB; sent += chunk.length)
        if (!req.write(chunk)) await new Promise<void>((resolve) => req.once('drain', resolve));
      req.end();
      expect(await answered).to.equal(String(100 * MIB));
    });
    expect(grown).to.be.lessThan(64 * MIB);
  });

  it('holds a slow reader back without buffering for it, while others are served', async () => {
    rig.serve((exchange) =>
      exchange.head.target === '/big' ? bulkOrigin(50 * MIB)(exchange) : recordingOrigin().onRequest(exchange),
    );
    const req = open(rig, '/big');
    req.on('error', () => undefined);
    req.end();
    await new Promise<void>((resolve) => {
      req.on('response', (res) => {
        res.on('error', () => undefined);
        res.pause();
        resolve();
      });
    });
    const tunnel = rig.ingress.services.tenants[0].tunnel as { committedBytes?: number };
    const startedAt = performance.now();
    for (let i = 0; i < 20; i += 1) expect((await ask(rig, '/small')).text).to.equal('ok');
    expect(performance.now() - startedAt).to.be.lessThan(2_000);
    expect(tunnel.committedBytes).to.be.lessThan(2 * MIB);
    req.destroy();
  });
});

/** Growth of resident memory at its highest, sampled while the work runs. */
async function growthDuring(work: () => Promise<void>): Promise<number> {
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  let highest = before;
  const timer = setInterval(() => {
    highest = Math.max(highest, process.memoryUsage().rss);
  }, 20);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return highest - before;
}
