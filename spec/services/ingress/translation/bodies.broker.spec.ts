import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import zlib from 'node:zlib';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { OnRequest, ServerExchange } from '#libs/tunnel-protocol';
import { until } from '../../../support/until.ts';
import { ask, open } from '../support/http-client.ts';
import { appView, DOMAIN, type IngressRig, startIngressRig } from '../support/ingress-rig.ts';
import { fieldsOf, recordingOrigin } from '../support/origins.ts';

const NOTHING = { onCancel: () => undefined };
const IN = 'http://wiki.internal:8080/base/';
const OUT = `https://wiki.${DOMAIN}/`;
const PAGE = `<link href="${IN}a.css"><a href="http://other.internal/x">${IN}</a>`;
const SHOWN = `<link href="${OUT}a.css"><a href="https://shared.${DOMAIN}/other/x">${IN}</a>`;
const MIB = 1024 * 1024;

function originOf(fields: readonly string[], body: Uint8Array): OnRequest {
  return (exchange) => {
    exchange.respondHead(200, [...fields, 'Content-Length', String(body.length)]);
    exchange.write(body);
    exchange.end();
    return NOTHING;
  };
}

describe('ingress: links in bodies', () => {
  let rig: IngressRig;
  before(async () => {
    rig = await startIngressRig({
      apps: [
        appView('wiki', { internalUrl: IN, translateBodyLinks: true }),
        appView('plain', { internalUrl: 'http://plain.internal/' }),
        appView('other', { internalUrl: 'http://other.internal/', externalUrl: `https://shared.${DOMAIN}/other/` }),
      ],
    });
  });
  after(() => rig.stop());

  for (const [coding, encode, decode] of [
    ['identity', (text: string) => Buffer.from(text), (body: Buffer) => body.toString()],
    ['gzip', zlib.gzipSync, (body: Buffer) => zlib.gunzipSync(body).toString()],
    ['deflate', zlib.deflateSync, (body: Buffer) => zlib.inflateSync(body).toString()],
    ['br', zlib.brotliCompressSync, (body: Buffer) => zlib.brotliDecompressSync(body).toString()],
  ] as const) {
    it(`translates HTML for the user, coded as it came: ${coding}`, async () => {
      const fields = ['Content-Type', 'text/html', 'Content-Encoding', coding, 'ETag', '"1"', 'Accept-Ranges', 'bytes'];
      rig.serve(originOf(fields, encode(PAGE)));
      const answer = await ask(rig, '/');
      expect(decode(answer.body)).to.equal(SHOWN);
      expect(answer.headers).to.include({ 'content-encoding': coding, etag: 'W/"1"', 'transfer-encoding': 'chunked' });
      expect(answer.headers).not.to.have.any.keys('content-length', 'accept-ranges');
      expect((await rig.recordOf(answer.requestId)).outcome).to.equal('forwarded');
    });
  }

  it('leaves bodies alone: of other types, of apps that did not ask, and parts', async () => {
    rig.serve(originOf(['Content-Type', 'text/plain'], Buffer.from(PAGE)));
    expect((await ask(rig, '/')).text).to.equal(PAGE);
    rig.serve(originOf(['Content-Type', 'text/html'], Buffer.from(PAGE)));
    expect((await ask(rig, '/', { host: `plain.${DOMAIN}` })).text).to.equal(PAGE);
    rig.serve(recordingOrigin(206, ['Content-Type', 'text/html', 'Content-Range', 'bytes 0-9/99'], PAGE).onRequest);
    expect((await ask(rig, '/')).text).to.equal(PAGE);
  });

  it('answers HEAD as it would answer GET', async () => {
    rig.serve(recordingOrigin(200, ['Content-Type', 'text/html', 'ETag', '"1"', 'Content-Length', '9'], '').onRequest);
    const { status, headers } = await ask(rig, '/', { method: 'HEAD' });
    expect([status, headers.etag, headers['content-length']]).to.deep.equal([200, 'W/"1"', undefined]);
  });

  it('asks the origin for codings it can take off, and for all where nothing is translated', async () => {
    const origin = recordingOrigin();
    rig.serve(origin.onRequest);
    const headers = { 'accept-encoding': 'gzip, br, dcz, compress' };
    await ask(rig, '/', { headers });
    await ask(rig, '/', { host: `plain.${DOMAIN}`, headers });
    expect(origin.seen.map((exchange) => fieldsOf(exchange)['accept-encoding'])).to.deep.equal([
      'gzip, br',
      'gzip, br, dcz, compress',
    ]);
  });

  it('shows what the origin has sent although more is to come', async () => {
    let exchange: ServerExchange | undefined;
    rig.serve((it) => {
      exchange = it;
      it.respondHead(200, ['Content-Type', 'text/html']);
      it.write(Buffer.from(`${PAGE}<a hre`));
      return NOTHING;
    });
    const res = await responseTo(rig);
    let text = '';
    res.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    await until(() => text === SHOWN, { what: 'all but the tag that has not ended', everyMs: 2 });
    exchange?.write(Buffer.from(`f="${IN}">`));
    await until(() => text === `${SHOWN}<a href="${OUT}">`, { what: 'the tag', everyMs: 2 });
    exchange?.end();
    await once(res, 'end');
  });

  for (const [what, fields, body] of [
    ['is not what its head says', ['Content-Encoding', 'gzip'], Buffer.from('no gzip at all')],
    ['is cut off in its coding', ['Content-Encoding', 'gzip'], zlib.gzipSync(PAGE.repeat(500)).subarray(0, -9)],
    ['is shorter than its length', ['Content-Length', '100000'], Buffer.from(PAGE)],
  ] as const) {
    it(`cuts the connection when a body ${what}`, async () => {
      rig.serve((exchange) => {
        exchange.respondHead(200, ['Content-Type', 'text/html', ...fields]);
        exchange.write(body);
        exchange.end();
        return NOTHING;
      });
      const isWhole = await responseTo(rig).then(
        async (res) => {
          res.on('error', () => undefined);
          res.resume();
          await new Promise<void>((resolve) => {
            res.once('close', resolve);
          });
          return res.complete;
        },
        // The connection was cut before the head had left.
        () => false,
      );
      expect(isWhole).to.equal(false);
    });
  }

  it('makes the origin wait for a user who does not read, and loses nothing', async () => {
    let sent = 0;
    const chunk = Buffer.from(PAGE.repeat(500));
    const total = 64 * MIB;
    rig.serve((exchange) => {
      const pump = () => {
        while (sent < total && exchange.isOpen) {
          sent += chunk.length;
          if (!exchange.write(chunk)) return;
        }
        if (exchange.isOpen) exchange.end();
      };
      exchange.respondHead(200, ['Content-Type', 'text/html']);
      pump();
      return { onCancel: () => undefined, onDrain: pump };
    });
    const res = await responseTo(rig);
    res.pause();
    let before = -1;
    await until(
      () => {
        const isStill = sent === before;
        before = sent;
        return isStill && sent > 0;
      },
      { what: 'the origin waits', everyMs: 200 },
    );
    expect(sent).to.be.lessThan(total / 2);
    let bytes = 0;
    res.on('data', (part: Buffer) => {
      bytes += part.length;
    });
    res.resume();
    await once(res, 'end');
    expect(bytes).to.equal((sent / PAGE.length) * SHOWN.length);
  }).timeout(30_000);
});

async function responseTo(rig: IngressRig): Promise<IncomingMessage> {
  const req = open(rig, '/');
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    req.once('response', resolve);
    req.once('error', reject);
  });
  req.end();
  return answered;
}
