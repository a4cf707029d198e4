import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { appView, DOMAIN, type IngressRig, startIngressRig } from '../services/ingress/support/ingress-rig.ts';
import { completeOrigin } from './support/complete-origin.ts';
import { MALFORMED_FIELD_LINES } from './support/field-lines.ts';
import { MALFORMED_CHUNKS, MALFORMED_FRAMING } from './support/framing.ts';
import type { MalformedRequest } from './support/malformed-request.ts';
import { exchangeRaw } from './support/raw-exchange.ts';
import { MALFORMED_REQUEST_LINES } from './support/request-lines.ts';

const TABLES: readonly (readonly [string, readonly MalformedRequest[]])[] = [
  ['request lines', MALFORMED_REQUEST_LINES],
  ['field lines', MALFORMED_FIELD_LINES],
  ['framing', MALFORMED_FRAMING],
  ['chunks', MALFORMED_CHUNKS],
];
/** Longer requests are not sent in small pieces: it would take too long and say nothing new. */
const MAX_IN_PIECES_BYTES = 600;
/** One TLS record: of a longer body what is wrong may still be on its way when the head is answered. */
const RECORD_BYTES = 16_384;

const mayAnswerEarly = (row: MalformedRequest, app: string) =>
  app === 'vault' && row.isBody === true && row.bytes('').length > RECORD_BYTES;

describe('conformance: malformed requests', () => {
  let rig: IngressRig;
  const origin = completeOrigin();
  before(async () => {
    rig = await startIngressRig({
      apps: [appView('wiki'), appView('vault', { preauthentication: 'oidc' })],
      onRequest: origin.onRequest,
      config: { limits: { headerTimeoutMs: 300, bodyIdleTimeoutMs: 1000 } },
    });
  });
  after(() => rig.stop());

  /** The request, and behind it one that must not be taken for one. */
  const refuse = async (row: MalformedRequest, app: string, pieceBytes?: number) => {
    origin.seen.length = 0;
    const host = `${app}.${DOMAIN}`;
    const bytes = `${row.bytes(host)}GET /smuggled HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    const answer = await exchangeRaw(rig, bytes, pieceBytes === undefined ? {} : { pieceBytes });
    expect(answer.statuses, `${row.source}: ${JSON.stringify(answer.text.slice(0, 200))}`).to.have.length(1);
    expect(mayAnswerEarly(row, app) ? [...row.statuses, 401] : row.statuses).to.include(answer.statuses[0]);
    expect(answer.text.toLowerCase()).to.contain('connection: close');
    expect(answer.isClosed, 'connection closed').to.equal(true);
    const reached = row.isBody ? origin.seen.filter(({ isComplete }) => isComplete) : origin.seen;
    expect(reached).to.deep.equal([]);
    expect(origin.seen.map(({ target }) => target)).not.to.include('/smuggled');
  };

  for (const [name, table] of TABLES) {
    describe(name, () => {
      for (const row of table) {
        it(`refuses ${row.what}`, () => refuse(row, 'wiki'));
        it(`refuses ${row.what} where sign-in comes first`, () => refuse(row, 'vault'));
        if (row.bytes('').length <= MAX_IN_PIECES_BYTES)
          it(`refuses ${row.what} that comes in small pieces`, () => refuse(row, 'wiki', 3));
      }
    });
  }
});
