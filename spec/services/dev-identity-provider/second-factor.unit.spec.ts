import { expect } from 'chai';
import { describe, it } from 'mocha';
import {
  askForIdToken,
  createOneTimeCodes,
  grantedContexts,
  requestedContexts,
} from '../../../services/dev-identity-provider/src/second-factor.ts';

const asking = (acrs: unknown) => ({ id_token: { acrs } });

describe('second factor of the development identity provider', () => {
  it('reads what a claims request asks for, and nothing from one that is malformed', () => {
    expect(requestedContexts(asking({ essential: true, value: 'c1' }))).to.deep.equal(['c1']);
    expect(requestedContexts(asking({ essential: true, values: ['c1', 'c99'] }))).to.deep.equal(['c1', 'c99']);
    const malformed = [
      undefined,
      null,
      'c1',
      {},
      { id_token: null },
      asking(null),
      asking('c1'),
      asking({ value: 'c1' }),
      asking({ essential: 'true', value: 'c1' }),
      asking({ essential: true }),
      asking({ essential: true, value: ['c1'] }),
      asking({ essential: true, values: ['c0', 'c100', 'C1', '', 1, null, { c1: 1 }] }),
    ];
    for (const claims of malformed) expect(requestedContexts(claims), JSON.stringify(claims)).to.deep.equal([]);
  });

  it('grants c1 for a second factor alone, and every other context for the asking', () => {
    const both = asking({ essential: true, values: ['c1', 'c2'] });
    expect(grantedContexts(['pwd'], undefined)).to.deep.equal(['p1']);
    expect(grantedContexts(['pwd'], both)).to.deep.equal(['p1', 'c2']);
    expect(grantedContexts(['pwd', 'mfa'], undefined)).to.deep.equal(['p1', 'c1']);
    expect(grantedContexts(['pwd', 'mfa'], both)).to.deep.equal(['p1', 'c1', 'c2']);
    expect(grantedContexts(undefined, undefined)).to.deep.equal(['p1']);
  });

  it('takes what is asked for an access token as asked for the ID token, and leaves every other address alone', () => {
    const acrs = { acrs: { essential: true, value: 'c1' } };
    const ask = (claims: unknown) =>
      `/authorize?${new URLSearchParams({ claims: JSON.stringify(claims), state: 'a b' }).toString()}`;
    const askedIn = (url: string) => JSON.parse(new URLSearchParams(url.split('?')[1]).get('claims') ?? '') as unknown;
    expect(askedIn(askForIdToken(ask({ access_token: acrs })))).to.deep.equal({ id_token: acrs });
    const both = { access_token: acrs, id_token: { auth_time: null } };
    expect(askedIn(askForIdToken(ask(both)))).to.deep.equal({ id_token: { ...acrs, auth_time: null } });
    expect(new URLSearchParams(askForIdToken(ask(both)).split('?')[1]).get('state')).to.equal('a b');
    for (const url of [
      '/',
      '/x?',
      '/x?claims',
      '/x?claims={',
      '/x?claims=null',
      '/x?claims=7',
      ask([]),
      ask({ access_token: 1 }),
    ])
      expect(askForIdToken(url), url).to.equal(url);
  });

  it('has another code for each interaction', () => {
    const codes = createOneTimeCodes();
    const [one, two] = [codes.codeFor('one'), codes.codeFor('two')];
    expect(one).to.match(/^\d{6}$/);
    expect(codes.accepts('one', ` ${one.slice(0, 3)} ${one.slice(3)} `)).to.equal(true);
    for (const wrong of ['', '0', two === one ? 'x' : two, `${one}0`])
      expect(codes.accepts('one', wrong)).to.equal(false);
  });
});
