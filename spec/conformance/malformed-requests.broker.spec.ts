import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { appView, DOMAIN, type IngressRig, startIngressRig } from '../services/ingress/support/ingress-rig.ts';
import { completeOrigin, type SeenRequest } from './support/complete-origin.ts';
import { MALFORMED_FIELD_LINES } from './support/field-lines.ts';
import { MALFORMED_CHUNKS, MALFORMED_FRAMING } from './support/framing.ts';
import type { MalformedRequest } from './support/malformed-request.ts';
import { exchangeRaw, type RawAnswer } from './support/raw-exchange.ts';
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

/** Connections at a time. */
const AT_ONCE = 8;

type Attempt = { readonly row: MalformedRequest; readonly app: string; readonly pieceBytes: number | undefined };

const attemptsOf = (row: MalformedRequest): readonly (readonly [string, Attempt])[] => {
  const isShort = row.bytes('').length <= MAX_IN_PIECES_BYTES;
  return [
    ['', { row, app: 'wiki', pieceBytes: undefined }],
    [' where sign-in comes first', { row, app: 'vault', pieceBytes: undefined }],
    ...(isShort ? ([[' that comes in small pieces', { row, app: 'wiki', pieceBytes: 3 }]] as const) : []),
  ];
};

const mayAnswerEarly = ({ row, app }: Attempt) =>
  app === 'vault' && row.isBody === true && row.bytes('').length > RECORD_BYTES;

describe('conformance: malformed requests', () => {
  let rig: IngressRig;
  const origin = completeOrigin();
  const tables = TABLES.map(([name, rows]) => [name, rows.flatMap((row) => attemptsOf(row))] as const);
  const answers = new Map<Attempt, RawAnswer>();
  /** What reached the origin of requests whose head is wrong, and of those of which only the body is. */
  let heads: readonly SeenRequest[] = [];
  let bodies: readonly SeenRequest[] = [];

  /** Each with a request behind it that must not be taken for one. Several at a time: a refused connection takes 0.1 s to close. */
  const send = async (attempts: readonly Attempt[]): Promise<readonly SeenRequest[]> => {
    origin.seen.length = 0;
    const left = attempts.values();
    const work = async () => {
      for (const attempt of left) {
        const host = `${attempt.app}.${DOMAIN}`;
        const bytes = `${attempt.row.bytes(host)}GET /smuggled HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
        const { pieceBytes } = attempt;
        answers.set(attempt, await exchangeRaw(rig, bytes, pieceBytes === undefined ? {} : { pieceBytes }));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return [...origin.seen];
  };

  before(async function sendAll() {
    this.timeout(90_000);
    rig = await startIngressRig({
      apps: [appView('wiki'), appView('vault', { preauthentication: 'oidc' })],
      onRequest: origin.onRequest,
      config: { limits: { headerTimeoutMs: 1000, bodyIdleTimeoutMs: 1000 } },
    });
    const all = tables.flatMap(([, attempts]) => attempts.map(([, attempt]) => attempt));
    heads = await send(all.filter(({ row }) => row.isBody !== true));
    bodies = await send(all.filter(({ row }) => row.isBody === true));
  });
  after(() => rig.stop());

  it('never reach an origin when the head is wrong', () => expect(heads).to.deep.equal([]));

  it('never look complete to an origin when the body is wrong, and what stands behind them is no request', () => {
    expect(bodies.filter(({ isComplete, target }) => isComplete || target === '/smuggled')).to.deep.equal([]);
  });

  for (const [name, attempts] of tables) {
    describe(name, () => {
      for (const [how, attempt] of attempts) {
        it(`refuses ${attempt.row.what}${how}`, () => {
          const { row } = attempt;
          const answer = answers.get(attempt);
          expect(answer?.statuses, `${row.source}: ${JSON.stringify(answer?.text.slice(0, 200))}`).to.have.length(1);
          const statuses = mayAnswerEarly(attempt) ? [...row.statuses, 401] : row.statuses;
          expect(statuses).to.include(answer?.statuses[0]);
          expect(answer?.text.toLowerCase()).to.contain('connection: close');
          expect(answer?.isClosed, 'connection closed').to.equal(true);
        });
      }
    });
  }
});
