import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { ask, sendRaw } from '../support/http-client.ts';
import { appView, DOMAIN, type IngressRig, startIngressRig } from '../support/ingress-rig.ts';
import { recordingOrigin } from '../support/origins.ts';

const HOST = `Host: wiki.${DOMAIN}\r\n`;

describe('ingress: requests that proxies disagree on', () => {
  let rig: IngressRig;
  const origin = recordingOrigin();
  before(async () => {
    rig = await startIngressRig({
      apps: [
        appView('wiki'),
        appView('area', { externalUrl: `https://wiki.${DOMAIN}/area/`, internalUrl: 'http://area.internal/' }),
      ],
      onRequest: origin.onRequest,
      config: { limits: { headerTimeoutMs: 300 } },
    });
  });
  after(() => rig.stop());

  const manyFields = Array.from({ length: 201 }, (_, i) => `X-${i}: 1\r\n`).join('');
  for (const [what, bytes, status] of [
    ['two Host fields', `GET / HTTP/1.1\r\n${HOST}Host: evil.example\r\n\r\n`, 400],
    ['the same Host twice', `GET / HTTP/1.1\r\n${HOST}${HOST}\r\n`, 400],
    ['no Host field', 'GET / HTTP/1.1\r\nX: 1\r\n\r\n', 400],
    ['no Host field in HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n', 400],
    ['an empty Host field', 'GET / HTTP/1.1\r\nHost:\r\n\r\n', 400],
    ['a Host that is none', 'GET / HTTP/1.1\r\nHost: a b/c\r\n\r\n', 400],
    ['a Host with a user', `GET / HTTP/1.1\r\nHost: me@wiki.${DOMAIN}\r\n\r\n`, 400],
    [
      'Content-Length with Transfer-Encoding',
      `POST / HTTP/1.1\r\n${HOST}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    [
      'Transfer-Encoding with Content-Length',
      `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n`,
      400,
    ],
    ['two lengths', `POST / HTTP/1.1\r\n${HOST}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`, 400],
    ['the same length twice', `POST / HTTP/1.1\r\n${HOST}Content-Length: 2\r\nContent-Length: 2\r\n\r\nab`, 400],
    ['a list of lengths', `POST / HTTP/1.1\r\n${HOST}Content-Length: 2, 2\r\n\r\nab`, 400],
    ['a signed length', `POST / HTTP/1.1\r\n${HOST}Content-Length: +2\r\n\r\nab`, 400],
    ['a hexadecimal length', `POST / HTTP/1.1\r\n${HOST}Content-Length: 0x2\r\n\r\nab`, 400],
    ['an unknown transfer coding', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, 501],
    [
      'a transfer coding that is misspelt',
      `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
      501,
    ],
    ['chunked twice', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`, 400],
    ['chunked in HTTP/1.0', `POST / HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
    ['a space before the colon', `GET / HTTP/1.1\r\n${HOST}X-A : 1\r\n\r\n`, 400],
    ['a folded field', `GET / HTTP/1.1\r\n${HOST}X-A: 1\r\n 2\r\n\r\n`, 400],
    ['a field without a name', `GET / HTTP/1.1\r\n${HOST}: 1\r\n\r\n`, 400],
    ['NUL in a field', `GET / HTTP/1.1\r\n${HOST}X-A: 1\x002\r\n\r\n`, 400],
    ['a control character in a field', `GET / HTTP/1.1\r\n${HOST}X-A: 1\x012\r\n\r\n`, 400],
    ['a bare CR in a field', `GET / HTTP/1.1\r\n${HOST}X-A: 1\r2\r\n\r\n`, 400],
    ['a bare LF as line end', `GET / HTTP/1.1\n${HOST}\r\n`, 400],
    ['NUL in the target', `GET /\x00 HTTP/1.1\r\n${HOST}\r\n`, 400],
    ['escaped NUL in the target', `GET /%00 HTTP/1.1\r\n${HOST}\r\n`, 400],
    ['an escaped line end in the target', `GET /a%0d%0ab HTTP/1.1\r\n${HOST}\r\n`, 400],
    ['a broken escape', `GET /%zz HTTP/1.1\r\n${HOST}\r\n`, 400],
    ['a backslash in the target', `GET /a\\..\\b HTTP/1.1\r\n${HOST}\r\n`, 400],
    ['a target that is not ASCII', `GET /caf\xc3\xa9 HTTP/1.1\r\n${HOST}\r\n`, 400],
    ['a fragment in the target', `GET /a#b HTTP/1.1\r\n${HOST}\r\n`, 400],
    ['a climb above the root', `GET /../../etc/passwd HTTP/1.1\r\n${HOST}\r\n`, 400],
    ['an escaped climb', `GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n${HOST}\r\n`, 400],
    ['a climb behind an escaped slash', `GET /a/..%2fb HTTP/1.1\r\n${HOST}\r\n`, 400],
    ['a climb behind an escaped backslash', `GET /a/%2e%2e%5cb HTTP/1.1\r\n${HOST}\r\n`, 400],
    ['a climb behind a path parameter', `GET /a/..;x/b HTTP/1.1\r\n${HOST}\r\n`, 400],
    ['an absolute target of another host', `GET https://evil.example/ HTTP/1.1\r\n${HOST}\r\n`, 400],
    ['an absolute target without TLS', `GET http://wiki.${DOMAIN}/ HTTP/1.1\r\n${HOST}\r\n`, 400],
    ['a target that is none', `GET wiki HTTP/1.1\r\n${HOST}\r\n`, 400],
    ['an asterisk for GET', `GET * HTTP/1.1\r\n${HOST}\r\n`, 400],
    ['too many fields', `GET / HTTP/1.1\r\n${HOST}${manyFields}\r\n`, 431],
    ['a head that is too large', `GET / HTTP/1.1\r\n${HOST}X-A: ${'a'.repeat(66_000)}\r\n\r\n`, 431],
    ['a target that is too long', `GET /${'a'.repeat(16_400)} HTTP/1.1\r\n${HOST}\r\n`, 414],
    ['CONNECT', `CONNECT wiki.${DOMAIN}:443 HTTP/1.1\r\n${HOST}\r\n`, 405],
    ['TRACE', `TRACE / HTTP/1.1\r\n${HOST}\r\n`, 405],
    ['a protocol that is not HTTP', 'SSH-2.0-x\r\n\r\n', 400],
    ['another protocol version', `GET / HTTP/2.5\r\n${HOST}\r\n`, 505],
    ['a version of HTTP without Host', `GET / HTTP/0.9\r\n${HOST}\r\n`, 505],
    ['a version of HTTP in frames', `GET / HTTP/2.0\r\n${HOST}\r\n`, 505],
    ['an unknown expectation', `POST / HTTP/1.1\r\n${HOST}Content-Length: 2\r\nExpect: 200-ok\r\n\r\nab`, 417],
    [
      'an expectation among others',
      `POST / HTTP/1.1\r\n${HOST}Content-Length: 2\r\nExpect: 100-continue, x\r\n\r\nab`,
      417,
    ],
    ['a head that takes too long', `GET / HTTP/1.1\r\n${HOST}X-A: `, 408],
  ] as const) {
    it(`answers ${status} to ${what} and closes, and no origin sees it`, async () => {
      origin.seen.length = 0;
      const smuggled = `GET /smuggled HTTP/1.1\r\n${HOST}\r\n`;
      const isOpenEnded = status === 408;
      const text = await sendRaw(rig, isOpenEnded ? bytes : bytes + smuggled);
      expect(text.slice(0, 12)).to.equal(`HTTP/1.1 ${status}`);
      expect(text.toLowerCase()).to.contain('connection: close');
      expect(text.match(/HTTP\/1\.1 \d/g)).to.have.length(1);
      expect(origin.seen).to.deep.equal([]);
    });
  }

  for (const [what, bytes] of [
    ['a bad chunk size', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n`],
    [
      'a chunk longer than it says',
      `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n`,
    ],
    ['a bare LF after a chunk size', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n`],
  ] as const) {
    it(`ends a body with ${what} as broken, not as complete`, async () => {
      let isComplete = false;
      rig.serve((exchange) => {
        exchange.receiveBody({
          onData: () => undefined,
          onEnd: () => {
            isComplete = true;
          },
        });
        return { onCancel: () => undefined };
      });
      const text = await sendRaw(rig, bytes);
      rig.serve(origin.onRequest);
      expect(text).to.match(/^HTTP\/1\.1 400/);
      expect(text.match(/HTTP\/1\.1 \d/g)).to.have.length(1);
      expect(isComplete).to.equal(false);
    });
  }

  it('tells of an unknown expectation what it is, under a number of its own', async () => {
    const text = await sendRaw(rig, `POST / HTTP/1.1\r\n${HOST}Content-Length: 2\r\nExpect: tea\r\n\r\nab`);
    expect(text).to.contain('"code":"SP-1019"').and.contain('"reason":"expectation"').and.contain('Expect field');
    const record = await rig.recordOf(/x-request-id: (\S+)/i.exec(text)?.[1]);
    expect(record).to.include({ status: 417, reason: 'expectation', outcome: 'answered' });
  });

  it('accepts an absolute target of the same host', async () => {
    origin.seen.length = 0;
    const target = `https://wiki.${DOMAIN}/a?b`;
    const text = await sendRaw(rig, `GET ${target} HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);
    expect(text).to.match(/^HTTP\/1\.1 200/);
    // The head of a broken request before may still be on its way.
    expect(origin.seen.map(({ head }) => head.target)).to.include('/a?b');
  });

  it('answers OPTIONS * itself', async () => {
    const text = await sendRaw(rig, `OPTIONS * HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);
    expect(text).to.match(/^HTTP\/1\.1 204/);
  });

  it('speaks HTTP/1.0 with those who do', async () => {
    const text = await sendRaw(rig, `GET / HTTP/1.0\r\n${HOST}\r\n`);
    expect(text)
      .to.match(/^HTTP\/1\.1 200/)
      .and.to.match(/\r\n\r\nok$/);
  });

  it('keeps an escaped slash that hides nothing', async () => {
    origin.seen.length = 0;
    await sendRaw(rig, `GET /@scope%2fname HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);
    expect(origin.seen[0]?.head.target).to.equal('/@scope%2fname');
  });

  for (const [path, app] of [
    ['/area/x', 'app_area'],
    ['/areax', 'app_wiki'],
    ['/area/../x', 'app_wiki'],
    ['/x/../area/y', 'app_area'],
    ['/x/%2e%2e/area/y', 'app_area'],
    ['/%61rea/y', 'app_area'],
    ['//area/y', undefined],
    ['/%2Farea/y', undefined],
    ['/area%2Fy', undefined],
    ['/AREA/y', undefined],
    ['/area;x/y', undefined],
    ['/area%3Bx/y', undefined],
    ['/%2561rea/y', undefined],
    ['/x/%252e%252e/area/y', undefined],
    ['/;/%255carea/y', undefined],
    ['/Other;x/y', 'app_wiki'],
    ['/x/AREA;y', 'app_wiki'],
  ] as const) {
    it(`gives ${path} to ${app ?? 'no app'}`, async () => {
      origin.seen.length = 0;
      const text = await sendRaw(rig, `GET ${path} HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);
      expect(text).to.match(app ? /^HTTP\/1\.1 200/ : /^HTTP\/1\.1 404/);
      expect(origin.seen[0]?.metadata[1]).to.equal(app);
    });
  }

  it('redirects the folder of an app without its slash', async () => {
    const answer = await ask(rig, '/area?x=1');
    expect(answer.status).to.equal(302);
    expect(answer.headers.location).to.equal(`https://wiki.${DOMAIN}/area/?x=1`);
  });

  for (const path of [
    '/.sallyport/x',
    '/.sallyport',
    '//.sallyport/sign-in',
    '/%2e%73allyport/x',
    '/.sallyport%2fcomplete',
  ]) {
    it(`never forwards ${path}`, async () => {
      origin.seen.length = 0;
      const text = await sendRaw(rig, `GET ${path} HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);
      expect(text).to.match(/^HTTP\/1\.1 404/);
      expect(origin.seen).to.deep.equal([]);
    });
  }
});
