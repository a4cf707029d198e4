import { expect } from 'chai';
import { describe, it } from 'mocha';
import { createAnswering } from '../../../../services/connector/src/origins/kerberos/answer-questions.ts';
import type { Gss } from '../../../../services/connector/src/origins/kerberos/gss.ts';
import { GssFailure } from '../../../../services/connector/src/origins/kerberos/gss-failure.ts';

const KERBEROS_ERRORS = -1765328384;

describe('the credential of a user whose ticket was refused', () => {
  const rows: readonly (readonly [string, Error, string, number])[] = [
    [
      'stays when the service is not in the list',
      new GssFailure('delegate', KERBEROS_ERRORS + 13, 'no'),
      'delegation',
      1,
    ],
    ['goes when the user is revoked', new GssFailure('delegate', KERBEROS_ERRORS + 18, 'no'), 'user', 2],
    ['goes when the domain does not answer', new GssFailure('delegate', 0, 'no'), 'domain', 2],
    ['goes when the library fails', new Error('no'), 'domain', 2],
  ];
  for (const [what, error, about, acquired] of rows)
    it(what, async () => {
      let count = 0;
      const gss: Gss = {
        impersonate: () => {
          count += 1;
          return Promise.resolve({ pointer: count, lifetimeSeconds: 3_600 });
        },
        token: (_credential, service) =>
          service.text === 'HTTP/other' ? Promise.reject(error) : Promise.resolve(Buffer.from('t')),
        release: () => undefined,
      };
      const answer = createAnswering(gss, () => 1_000_000);
      const ask = (service: string) =>
        answer({
          id: 1,
          user: { text: 'alice', kind: 'account' },
          service: { text: service, kind: 'account' },
          mechanism: 'kerberos',
        });
      await ask('HTTP/wiki');
      const refused = await ask('HTTP/other');
      expect(refused.kind === 'refused' && refused.about).to.equal(about);
      expect((await ask('HTTP/wiki')).kind).to.equal('token');
      expect(count).to.equal(acquired);
    });
});
