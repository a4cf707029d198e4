import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { MAX_REFUSALS_LOGGED } from '../../../../services/ingress/src/listener/refusal-log.ts';
import { sendRaw } from '../support/http-client.ts';
import { DOMAIN, type IngressRig, startIngressRig } from '../support/ingress-rig.ts';

const HOST = `Host: wiki.${DOMAIN}\r\n`;

describe('ingress: bytes that are no request', () => {
  let rig: IngressRig;
  before(async () => {
    rig = await startIngressRig();
  });
  after(() => rig.stop());

  const cases = [
    ['a bare LF', `GET / HTTP/1.1\n${HOST}\r\n`, 400, 'line-ending'],
    ['a bare CR', `GET / HTTP/1.1\r\n${HOST}X-A: 1\r2\r\n\r\n`, 400, 'line-ending'],
    ['a fold', `GET / HTTP/1.1\r\n${HOST}X-A: 1\r\n 2\r\n\r\n`, 400, 'field-fold'],
    ['NUL', `GET / HTTP/1.1\r\n${HOST}X-A: 1\x002\r\n\r\n`, 400, 'field-value'],
    ['a head of more than 64 KiB', `GET / HTTP/1.1\r\n${HOST}X-A: ${'a'.repeat(66_000)}\r\n\r\n`, 431, 'too-large'],
  ] as const;

  for (const [what, bytes, status, reason] of cases) {
    it(`have an answer to ${what} with a request id, which the log tells of`, async () => {
      const text = await sendRaw(rig, bytes);
      expect(text.slice(0, 12)).to.equal(`HTTP/1.1 ${status}`);
      const requestId = /\r\nx-request-id: (\S+)\r\n/i.exec(text)?.[1];
      expect(requestId).to.match(/^req_[a-z2-7]{24}$/);
      const body = text.slice(text.indexOf('\r\n\r\n') + 4);
      expect(Number(/content-length: (\d+)/i.exec(text)?.[1])).to.equal(body.length);
      expect(JSON.parse(body)).to.include({ status, requestId, reason });
      const lines = rig.log.filter((line) => line.requestId === requestId);
      expect(lines).to.have.length(1);
      expect(lines[0]).to.include({ level: 'warn', message: 'request not read', reason, address: '127.0.0.1' });
    });
  }

  it('cannot fill the log, which counts what it leaves out', async () => {
    const before = rig.ingress.services.counters.malformed;
    const sent = 3 * MAX_REFUSALS_LOGGED;
    await Promise.all(Array.from({ length: sent }, () => sendRaw(rig, `GET / HTTP/1.1\n${HOST}\r\n`)));
    await rig.ingress.drain();
    const lines = rig.log.filter(({ message }) => message === 'request not read').length;
    const leftOut = rig.log
      .filter(({ message }) => message === 'more requests not read')
      .reduce((sum, line) => sum + Number(line.leftOut), 0);
    expect(leftOut).to.be.above(0);
    expect(lines + leftOut).to.equal(before + sent);
    expect(rig.log.find(({ message }) => message === 'drained')).to.include({ malformed: before + sent });
  });
});
