import { inspect } from 'node:util';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { type AppFact, type AppSettings, type OriginAuthorization, SETTINGS_SINCE_V2 } from '#libs/contracts';
import { deciderSpec } from '#libs/events/testing';
import { appDecider, type DecideAppCommand } from '../../../../services/routing/src/apps/app.decide.ts';
import type { AppChanges } from '../../../../services/routing/src/apps/app-settings.ts';
import { normalizeSingleSignOn } from '../../../../services/routing/src/apps/sign-on-settings.ts';

const check = deciderSpec(appDecider);
const policy = { domain: 'sallyport.localhost', externalPort: 8443, reservedHosts: ['login', 'portal', 'api'] };
const SETTINGS: AppSettings = {
  ...SETTINGS_SINCE_V2,
  name: 'Wiki',
  internalUrl: 'http://localhost:3000/',
  externalUrl: 'https://wiki.sallyport.localhost:8443/',
  preauthentication: 'oidc',
  connectorGroupId: 'default' as AppSettings['connectorGroupId'],
  backendTimeoutSeconds: 85,
  cookieFlags: { httpOnly: true, persistent: false, sameSite: 'lax' },
  translateHeaders: true,
  validateBackendCertificate: true,
};
const BEARER_TOKENS = { audience: 'api://wiki', scope: 'user_impersonation', header: 'authorization' } as const;
const CLAIM_HEADERS = { claimHeaders: [{ header: 'X-Department', claim: 'department' }], authorization: null };
const EXCHANGE = {
  kind: 'token-exchange',
  tokenEndpoint: 'https://login.example.com/token',
  clientId: 'sallyport',
  sealedClientSecret: 'sealed',
  audience: 'https://api.example.com',
  scope: 'read write',
} as const;

type SignOnFact = Extract<
  AppFact,
  { type: 'AppBearerTokensChanged' | 'AppIdentityProviderChanged' | 'AppSingleSignOnChanged' }
>;

const appWith = (settings: Partial<AppSettings>): AppFact => ({
  type: 'AppPublished',
  data: { ...SETTINGS, ...settings },
});
const change = (changes: AppChanges): DecideAppCommand => ({ type: 'ChangeApp', appId: 'app_1', policy, changes });
const claimHeader = (header: string, claim = 'department') => ({
  claimHeaders: [{ header, claim }],
  authorization: null,
});
const authorized = (authorization: OriginAuthorization) => ({ claimHeaders: [], authorization });

const KERBEROS = {
  kind: 'kerberos',
  servicePrincipalName: 'HTTP/wiki.corp.example',
  delegatedLogin: 'user-part',
  claim: null,
  realm: null,
  mechanism: 'spnego',
} as const;

describe('Kerberos of an app', () => {
  it('is taken with every name of a service that a domain may have', () => {
    for (const servicePrincipalName of [
      'HTTP/wiki',
      'http/wiki.corp.example:8080',
      'HTTP/wiki.corp.example@CORP.EXAMPLE',
      'HTTP@wiki.corp.example',
    ]) {
      const settings = authorized({ ...KERBEROS, servicePrincipalName, realm: 'CORP.EXAMPLE' });
      expect(normalizeSingleSignOn(settings)).to.deep.equal(settings);
    }
    const byClaim = authorized({ ...KERBEROS, delegatedLogin: 'claim', claim: 'onpremisessamaccountname' });
    expect(normalizeSingleSignOn(byClaim)).to.deep.equal(byClaim);
  });

  const refused: readonly (readonly [string, Partial<Extract<OriginAuthorization, { kind: 'kerberos' }>>])[] = [
    ['servicePrincipalName', { servicePrincipalName: 'wiki.corp.example' }],
    ['servicePrincipalName', { servicePrincipalName: 'HTTP/' }],
    ['servicePrincipalName', { servicePrincipalName: 'HTTP/wiki/CORP' }],
    ['servicePrincipalName', { servicePrincipalName: 'HTTP/wiki@A@B' }],
    ['servicePrincipalName', { servicePrincipalName: 'HTTP@wiki@CORP' }],
    ['servicePrincipalName', { servicePrincipalName: 'HTTP/wi ki' }],
    ['servicePrincipalName', { servicePrincipalName: 'HTTP/wiki\n' }],
    ['realm', { realm: 'CORP@EXAMPLE' }],
    ['realm', { realm: '.' }],
    ['claim', { delegatedLogin: 'claim', claim: null }],
    ['claim', { delegatedLogin: 'upn', claim: 'sam' }],
  ];
  for (const [field, changes] of refused)
    it(`is refused for its ${field}: ${JSON.stringify(changes)}`, () => {
      expect(() => normalizeSingleSignOn(authorized({ ...KERBEROS, ...changes }))).to.throw(
        new RegExp(`singleSignOn\\.authorization\\.${field} `),
      );
    });

  it('does not go with HTTP/2 to the origin, whichever came first, nor with passthrough', () => {
    const kerberos = { singleSignOn: authorized(KERBEROS) };
    const code = 'ERR_APP_SETTING';
    check({ given: [appWith({ originProtocol: 'h2' })], when: change(kerberos), error: code });
    check({ given: [appWith(kerberos)], when: change({ originProtocol: 'h2' }), error: code });
    check({ given: [appWith({ preauthentication: 'passthrough' })], when: change(kerberos), error: code });
    check({ given: [appWith(kerberos)], when: change({ preauthentication: 'passthrough' }), error: code });
    const fact: SignOnFact = { type: 'AppSingleSignOnChanged', data: kerberos };
    check({ given: [appWith({ originProtocol: 'auto' })], when: change(kerberos), facts: [fact] });
  });

  it('goes to one host alone: not to a pattern, nor to segments elsewhere, whichever came first', () => {
    const kerberos = { singleSignOn: authorized(KERBEROS) };
    const error = 'ERR_APP_SETTING';
    const wild = { externalUrl: 'https://*.apps.example.com/', internalUrl: 'https://wiki.corp.example/' };
    const pattern = { internalUrl: 'https://*.corp.example/' };
    const segment = (internalUrl: string) => ({
      segments: [{ externalUrl: 'https://one.apps.example.com:8443/', internalUrl }],
    });
    const elsewhere = segment('https://mallory.corp.example/wiki/');
    const here = segment('https://wiki.corp.example:8443/one/');
    for (const places of [pattern, elsewhere]) {
      check({ given: [appWith({ ...wild, ...places })], when: change(kerberos), error });
      check({ given: [appWith({ ...wild, ...kerberos })], when: change(places), error });
    }
    const both = appWith({ ...wild, ...here, ...kerberos });
    check({ given: [both], when: change({ internalUrl: 'https://other.corp.example/' }), error });
    const publish = { ...SETTINGS, ...wild, ...pattern, ...kerberos };
    check({ given: [], when: { type: 'PublishApp', appId: 'app_1', policy, settings: publish }, error });
    const fact: AppFact = { type: 'AppSegmentsChanged', data: here };
    check({ given: [appWith({ ...wild, ...kerberos })], when: change(here), facts: [fact] });
  });
});

describe('sign-on settings of an app', () => {
  it('are taken, each with a fact of its own', () => {
    const facts: readonly SignOnFact[] = [
      { type: 'AppBearerTokensChanged', data: { bearerTokens: BEARER_TOKENS } },
      { type: 'AppIdentityProviderChanged', data: { identityProvider: 'partners' } },
      { type: 'AppSingleSignOnChanged', data: { singleSignOn: CLAIM_HEADERS } },
      { type: 'AppSingleSignOnChanged', data: { singleSignOn: authorized(EXCHANGE) } },
    ];
    for (const fact of facts) check({ given: [appWith({})], when: change(fact.data), facts: [fact] });
  });

  for (const header of [
    'Host',
    'connection',
    'Transfer-Encoding',
    'TE',
    'Upgrade',
    'Content-Length',
    'Cookie',
    'Authorization',
    'Proxy-Authorization',
    'X-Sallyport-User',
    'x-sallyport-anything',
    'X-Forwarded-User',
    'Forwarded',
    'X-Real-IP',
    'Sec-Fetch-Site',
    'X-Request-Id',
    'X_Department',
    'X Department',
    'X-Department:',
    'X-Dép',
    '-',
    '',
    'a'.repeat(65),
  ])
    it(`refuse ${JSON.stringify(header.slice(0, 20))} as a header for a claim`, () => {
      check({ given: [appWith({})], when: change({ singleSignOn: claimHeader(header) }), error: 'ERR_APP_SETTING' });
    });

  for (const [what, singleSignOn] of [
    [
      'a header twice, whatever its case',
      { claimHeaders: [...claimHeader('X-A').claimHeaders, ...claimHeader('x-a').claimHeaders], authorization: null },
    ],
    [
      '31 headers',
      {
        claimHeaders: Array.from({ length: 31 }, (_, i) => ({ header: `X-${i}`, claim: 'name' })),
        authorization: null,
      },
    ],
    ['a claim with a blank', claimHeader('X-A', 'de partment')],
    ['a claim without a name', claimHeader('X-A', '')],
    ['a user name that Basic cannot carry', authorized({ kind: 'basic', username: 'a:b', sealedPassword: 's' })],
    ['a user name with a line break', authorized({ kind: 'basic', username: 'a\r\nb', sealedPassword: 's' })],
    ['a token endpoint over http', authorized({ ...EXCHANGE, tokenEndpoint: 'http://login.example.com/token' })],
    [
      'a token endpoint over http at a name that only begins like loopback',
      authorized({ ...EXCHANGE, tokenEndpoint: 'http://127.0.0.1.example.com/' }),
    ],
    ['a token endpoint with credentials', authorized({ ...EXCHANGE, tokenEndpoint: 'https://a:b@login.example.com/' })],
    ['a token endpoint with a fragment', authorized({ ...EXCHANGE, tokenEndpoint: 'https://login.example.com/#x' })],
    ['a token endpoint that is no URL', authorized({ ...EXCHANGE, tokenEndpoint: 'login' })],
    ['an empty audience', authorized({ ...EXCHANGE, audience: '' })],
    ['a scope with a line break', authorized({ ...EXCHANGE, scope: 'a\nb' })],
  ] as const)
    it(`refuse ${what}`, () => {
      check({
        given: [appWith({})],
        when: change({ singleSignOn: singleSignOn as AppSettings['singleSignOn'] }),
        error: 'ERR_APP_SETTING',
      });
    });

  it('take http to a loopback address, and name field, value and remedy otherwise', () => {
    for (const tokenEndpoint of ['http://127.0.0.1:9/token', 'http://localhost:9/token', 'http://[::1]:9/token'])
      expect(normalizeSingleSignOn(authorized({ ...EXCHANGE, tokenEndpoint })).authorization).to.include({
        tokenEndpoint,
      });
    expect(() => normalizeSingleSignOn(authorized({ ...EXCHANGE, tokenEndpoint: 'http://sts/token' }))).to.throw(
      /^singleSignOn\.authorization\.tokenEndpoint "http:\/\/sts\/token" is not https: .* expected https/,
    );
    expect(() => normalizeSingleSignOn(claimHeader('Host'))).to.throw(/header "Host" .*: expected another name/);
  });

  it('repeat nothing where a password may stand: in a user name, or in an endpoint', () => {
    for (const authorization of [
      authorized({ kind: 'basic', username: 'svc:S3cret', sealedPassword: 's' }),
      authorized({ ...EXCHANGE, tokenEndpoint: 'https://sallyport:S3cret@login.example.com/' }),
      authorized({ ...EXCHANGE, tokenEndpoint: 'sallyport:S3cret@login' }),
      authorized({ ...EXCHANGE, tokenEndpoint: 'http://sts/token?secret=S3cret' }),
      authorized({ ...EXCHANGE, tokenEndpoint: 'https://sts/token#S3cret' }),
    ]) {
      const [error] = [() => normalizeSingleSignOn(authorization)].map((refusing) => {
        try {
          return refusing();
        } catch (thrown) {
          return thrown;
        }
      });
      expect(error).to.include({ code: 'ERR_APP_SETTING' });
      expect(inspect(error, { depth: 5 })).not.to.contain('S3cret');
    }
  });

  for (const [field, settings] of [
    ['bearerTokens', { bearerTokens: BEARER_TOKENS }],
    ['identityProvider', { identityProvider: 'partners' }],
    ['singleSignOn', { singleSignOn: CLAIM_HEADERS }],
    ['singleSignOn', { singleSignOn: authorized(EXCHANGE) }],
  ] as const)
    it(`do not go with passthrough, whichever comes first: ${field} ${JSON.stringify(settings).slice(0, 40)}`, () => {
      const passthrough = { preauthentication: 'passthrough' } as const;
      check({ given: [appWith(settings)], when: change(passthrough), error: 'ERR_APP_SETTING' });
      check({ given: [appWith(passthrough)], when: change(settings), error: 'ERR_APP_SETTING' });
      check({
        given: [],
        when: { type: 'PublishApp', appId: 'app_1', policy, settings: { ...SETTINGS, ...passthrough, ...settings } },
        error: 'ERR_APP_SETTING',
      });
      check({
        given: [appWith(passthrough)],
        when: change({ name: 'Other' }),
        facts: [{ type: 'AppRenamed', data: { name: 'Other' } }],
      });
    });

  it('refuse an audience, scope or provider that nothing could match', () => {
    for (const changes of [
      { bearerTokens: { ...BEARER_TOKENS, audience: 'api wiki' } },
      { bearerTokens: { ...BEARER_TOKENS, scope: 'a b' } },
      { identityProvider: 'Partners' },
    ])
      check({ given: [appWith({})], when: change(changes), error: 'ERR_APP_SETTING' });
  });
});
