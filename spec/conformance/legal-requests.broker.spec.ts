import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { appView, DOMAIN, type IngressRig, startIngressRig } from '../services/ingress/support/ingress-rig.ts';
import { completeOrigin } from './support/complete-origin.ts';
import { LEGAL_REQUESTS, type LegalRequest } from './support/legal-requests.ts';
import { exchangeRaw } from './support/raw-exchange.ts';

const HOST = `wiki.${DOMAIN}`;
const FRAMING_FIELDS: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding', 'expect', 'trailer']);

describe('conformance: legal requests that look odd', () => {
  let rig: IngressRig;
  const origin = completeOrigin();
  before(async () => {
    rig = await startIngressRig({ apps: [appView('wiki')], onRequest: origin.onRequest });
  });
  after(() => rig.stop());

  const serve = async (row: LegalRequest, pieceBytes?: number) => {
    origin.seen.length = 0;
    const bytes = `${row.bytes(HOST)}GET /next HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`;
    const answer = await exchangeRaw(rig, bytes, pieceBytes === undefined ? {} : { pieceBytes });
    expect(answer.statuses, `${row.source}: ${JSON.stringify(answer.text.slice(0, 200))}`).to.deep.equal([200, 200]);
    const got = origin.seen.map(({ method, target, body, isComplete }) => ({ method, target, body, isComplete }));
    expect(got).to.deep.equal([
      { ...row.origin, isComplete: true },
      { method: 'GET', target: '/next', body: '', isComplete: true },
    ]);
  };

  for (const row of LEGAL_REQUESTS) {
    it(`serves ${row.what}, and the request behind it`, () => serve(row));
    it(`serves ${row.what} in small pieces`, () => serve(row, 3));
  }

  it('takes no request out of a body that it refuses to read', async () => {
    origin.seen.length = 0;
    const inside = `GET /smuggled HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;
    const bytes = `POST / HTTP/1.1\r\nHost: nobody.${DOMAIN}\r\nContent-Length: ${inside.length}\r\n\r\n${inside}`;
    const answer = await exchangeRaw(rig, `${bytes}GET /next HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`);
    expect(answer.statuses[0]).to.equal(404);
    expect(answer.statuses.length).to.be.within(1, 2);
    expect(origin.seen.map(({ target }) => target)).not.to.include('/smuggled');
  });

  it('takes no request out of the body behind an expectation that was answered early', async () => {
    origin.seen.length = 0;
    const inside = `GET /smuggled HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;
    const head = `POST / HTTP/1.1\r\nHost: nobody.${DOMAIN}\r\nExpect: 100-continue\r\nContent-Length: ${inside.length}\r\n\r\n`;
    const answer = await exchangeRaw(rig, `${head}${inside}`);
    expect(answer.statuses).to.deep.equal([404]);
    expect(answer.isClosed).to.equal(true);
    expect(origin.seen).to.deep.equal([]);
  });

  it('makes no field of the head out of a trailer', async () => {
    origin.seen.length = 0;
    const trailers =
      'Content-Length: 9\r\nTransfer-Encoding: gzip\r\nHost: evil.example\r\nAuthorization: Basic YTpi\r\n';
    const head = `POST / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n`;
    await exchangeRaw(rig, `${head}2\r\nab\r\n0\r\n${trailers}\r\n`);
    const complete = origin.seen.filter(({ isComplete }) => isComplete);
    for (const { fields } of complete) expect(fields.join('\n')).not.to.match(/evil\.example|Basic YTpi|gzip/);
  });

  it('writes no framing field of the user to the connector', async () => {
    origin.seen.length = 0;
    const head = `POST / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nTE: trailers\r\nKeep-Alive: 5\r\n`;
    await exchangeRaw(rig, `${head}Transfer-Encoding: chunked\r\nTrailer: X-A\r\n\r\n2\r\nab\r\n0\r\nX-A: 1\r\n\r\n`);
    const names = (origin.seen[0]?.fields ?? []).filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase());
    expect(names).not.to.include.members(['x-hop']);
    expect(names).not.to.include.members(['keep-alive']);
    expect(names.filter((name) => FRAMING_FIELDS.has(name) && name !== 'trailer')).to.deep.equal([]);
  });
});
