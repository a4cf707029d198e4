// long because one table holds what every command comes to in every state
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { type AppFact, type AppSettings, type CorsRule, SETTINGS_SINCE_V2 } from '#libs/contracts';
import { deciderSpec } from '#libs/events/testing';
import { appDecider, type DecideAppCommand } from '../../../../services/routing/src/apps/app.decide.ts';

const check = deciderSpec(appDecider);
const policy = {
  domain: 'sallyport.localhost',
  externalPort: 8443,
  reservedHosts: ['login', 'portal', 'api'],
};
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
const CORS_RULE: CorsRule = {
  resource: '/api/',
  allowedOrigins: ['https://portal.example.com'],
  allowedMethods: ['PUT'],
  allowedHeaders: ['x-*'],
  exposedHeaders: ['etag'],
  allowCredentials: true,
  maxAgeSeconds: 600,
};
/** Settings that are segments apart, for these a wildcard is needed. */
const OTHER_SINCE_V2 = {
  alternateHosts: ['wiki.example.com'],
  segments: null,
  idleTimeoutSeconds: 60,
  translateBodyLinks: true,
  hsts: { maxAgeSeconds: 60, includeSubDomains: true },
  corsRules: [CORS_RULE],
  sessionAffinity: true,
  allowWebSocket: false,
  allowGrpc: false,
  maxRequestBodyBytes: 1024,
  originCertificateAuthority: 'PEM',
  bearerTokens: { audience: 'api://wiki', scope: 'user_impersonation', header: 'authorization' as const },
  identityProvider: 'partners',
  singleSignOn: { claimHeaders: [{ header: 'X-Department', claim: 'department' }], authorization: null },
  originClientCertificate: 'hr-client',
  originProtocol: 'h2' as const,
};
const published: AppFact = { type: 'AppPublished', data: SETTINGS };
const retired: AppFact = { type: 'AppRetired', data: {} };
const appId = 'app_1';
const publish = (settings: Partial<AppSettings> = {}): DecideAppCommand => ({
  type: 'PublishApp',
  appId,
  policy,
  settings: { name: 'Wiki', internalUrl: 'http://localhost:3000', ...settings },
});
const change = (changes: Partial<AppSettings>): DecideAppCommand => ({ type: 'ChangeApp', appId, policy, changes });
const publishedWith = (parts: Partial<AppSettings>): readonly AppFact[] => [
  { type: 'AppPublished', data: { ...SETTINGS, ...parts } },
];

describe('app decider', () => {
  describe('PublishApp', () => {
    it('fills in the documented defaults', () => check({ when: publish(), facts: [published] }));

    it('refuses ids that mean something else', () => {
      for (const id of ['portal', 'tenant']) check({ when: { ...publish(), appId: id }, error: 'ERR_ROUTING_ID' });
    });

    it('takes a path with letters beyond ASCII', () =>
      check({
        when: publish({ externalUrl: 'https://a.sallyport.localhost/bücher/x' }),
        facts: publishedWith({ externalUrl: 'https://a.sallyport.localhost:8443/b%C3%BCcher/x/' }),
      }));

    it('takes what is given', () => {
      const given: Partial<AppSettings> = {
        externalUrl: 'https://docs.sallyport.localhost:8443/team/',
        preauthentication: 'passthrough',
        connectorGroupId: 'east' as AppSettings['connectorGroupId'],
        backendTimeoutSeconds: 180,
        cookieFlags: { httpOnly: false, persistent: true, sameSite: 'none' },
        translateHeaders: false,
        validateBackendCertificate: false,
      };
      check({ when: publish(given), facts: publishedWith(given) });
    });

    it('makes the host from the name', () => {
      const urls: Readonly<Record<string, string>> = {
        'My Wiki': 'https://my-wiki.sallyport.localhost:8443/',
        ' Bücher & Æther! ': 'https://bucher-ther.sallyport.localhost:8443/',
        '-- 7 --': 'https://7.sallyport.localhost:8443/',
      };
      for (const [name, externalUrl] of Object.entries(urls))
        check({ when: publish({ name }), facts: publishedWith({ name: name.trim(), externalUrl }) });
    });

    it('normalizes URLs', () => {
      const internal: Readonly<Record<string, string>> = {
        'HTTP://LOCALHOST:80': 'http://localhost/',
        'https://10.0.0.5:8443/a/../b': 'https://10.0.0.5:8443/b/',
        'http://[::1]:3000': 'http://[::1]:3000/',
      };
      for (const [internalUrl, normal] of Object.entries(internal))
        check({ when: publish({ internalUrl }), facts: publishedWith({ internalUrl: normal }) });
      const external: Readonly<Record<string, string>> = {
        'https://Wiki.Sallyport.localhost': 'https://wiki.sallyport.localhost:8443/',
        'https://a.sallyport.localhost:8443/team/x': 'https://a.sallyport.localhost:8443/team/x/',
      };
      for (const [externalUrl, normal] of Object.entries(external))
        check({ when: publish({ externalUrl }), facts: publishedWith({ externalUrl: normal }) });
    });

    it('leaves the port out when users come to 443', () => {
      const when = { ...publish(), policy: { ...policy, externalPort: 443 } };
      check({ when, facts: publishedWith({ externalUrl: 'https://wiki.sallyport.localhost/' }) });
    });

    const refusals: Readonly<Record<string, readonly [Partial<AppSettings>, string]>> = {
      'an internal URL that is relative': [{ internalUrl: '/wiki' }, 'ERR_APP_URL'],
      'an internal URL without scheme': [{ internalUrl: 'localhost:3000' }, 'ERR_APP_URL'],
      'an internal URL that is not http': [{ internalUrl: 'ftp://localhost/' }, 'ERR_APP_URL'],
      'an internal URL with credentials': [{ internalUrl: 'http://u:p@localhost/' }, 'ERR_APP_URL'],
      'an internal URL with a query': [{ internalUrl: 'http://localhost/?a=1' }, 'ERR_APP_URL'],
      'an internal URL with an empty query': [{ internalUrl: 'http://localhost/?' }, 'ERR_APP_URL'],
      'an internal URL with a fragment': [{ internalUrl: 'http://localhost/#a' }, 'ERR_APP_URL'],
      'an internal URL that is no URL': [{ internalUrl: 'http://a b/' }, 'ERR_APP_URL'],
      'an internal URL of cloud metadata': [{ internalUrl: 'http://169.254.169.254/' }, 'ERR_APP_URL'],
      'an internal URL of cloud metadata in decimal': [{ internalUrl: 'http://2852039166/' }, 'ERR_APP_URL'],
      'an internal URL that is link-local': [{ internalUrl: 'http://[fe80::1]/' }, 'ERR_APP_URL'],
      'an internal URL that is mapped link-local': [{ internalUrl: 'http://[::ffff:169.254.169.254]' }, 'ERR_APP_URL'],
      'an external path with parameters': [{ externalUrl: 'https://a.sallyport.localhost:8443/b;c/' }, 'ERR_APP_URL'],
      'a long external path with a parameter at its end': [
        { externalUrl: `https://a.sallyport.localhost:8443/${'b'.repeat(1900)};` },
        'ERR_APP_URL',
      ],
      'an external path with an escape': [{ externalUrl: 'https://a.sallyport.localhost:8443/%2fb/' }, 'ERR_APP_URL'],
      'an external path that hides the reserved one': [
        { externalUrl: 'https://a.sallyport.localhost:8443/%2esallyport/' },
        'ERR_APP_URL',
      ],
      'an external path with two slashes': [{ externalUrl: 'https://a.sallyport.localhost:8443//b/' }, 'ERR_APP_URL'],
      'an internal URL that is too long': [{ internalUrl: `http://a/${'x'.repeat(2048)}` }, 'ERR_APP_URL'],
      'an external URL that is not https': [{ externalUrl: 'http://a.sallyport.localhost:8443/' }, 'ERR_APP_URL'],
      'the domain itself': [{ externalUrl: 'https://sallyport.localhost/' }, 'ERR_APP_URL'],
      'a wildcard over all of the domain': [{ externalUrl: 'https://*.sallyport.localhost/' }, 'ERR_APP_URL'],
      'a wildcard over what the domain lies in': [{ externalUrl: 'https://*.localhost/' }, 'ERR_APP_URL'],
      'a wildcard over a top-level domain': [{ externalUrl: 'https://*.com/' }, 'ERR_APP_URL'],
      'a wildcard in the middle': [{ externalUrl: 'https://a.*.example.com/' }, 'ERR_APP_URL'],
      'a wildcard that is a part of a name': [{ externalUrl: 'https://a*.example.com/' }, 'ERR_APP_URL'],
      'an external URL with one name': [{ externalUrl: 'https://intranet/' }, 'ERR_APP_URL'],
      'an external URL with an address': [{ externalUrl: 'https://192.0.2.7/' }, 'ERR_APP_URL'],
      'an internal wildcard in the middle': [{ internalUrl: 'https://a.*.internal/' }, 'ERR_APP_URL'],
      'an internal wildcard alone': [{ internalUrl: 'https://*.internal.example/' }, 'ERR_APP_HOSTS'],
      'an alternate host with a port': [{ alternateHosts: ['a.example.com:8443'] }, 'ERR_APP_URL'],
      'an alternate host that is reserved': [{ alternateHosts: ['login.sallyport.localhost'] }, 'ERR_APP_URL'],
      'an alternate host that is the main one': [{ alternateHosts: ['wiki.sallyport.localhost'] }, 'ERR_APP_HOSTS'],
      'an alternate wildcard of one host': [{ alternateHosts: ['*.example.com'] }, 'ERR_APP_HOSTS'],
      'segments of one host': [
        { segments: [{ externalUrl: 'https://wiki.sallyport.localhost/a', internalUrl: 'http://a/' }] },
        'ERR_APP_HOSTS',
      ],
      'an idle timeout of nothing': [{ idleTimeoutSeconds: 0 }, 'ERR_APP_TIMEOUT'],
      'HSTS for three years': [{ hsts: { maxAgeSeconds: 94_608_000, includeSubDomains: false } }, 'ERR_APP_SETTING'],
      'a client certificate outside of the secrets folder': [{ originClientCertificate: '../key' }, 'ERR_APP_SETTING'],
      'a host that begins with a dash': [{ externalUrl: 'https://-a.sallyport.localhost/' }, 'ERR_APP_URL'],
      'a reserved host': [{ externalUrl: 'https://login.sallyport.localhost/' }, 'ERR_APP_URL'],
      'a name that makes a reserved host': [{ name: 'Portal' }, 'ERR_APP_URL'],
      'a name that makes no host': [{ name: '日本' }, 'ERR_APP_URL'],
      'another port than that of the ingress': [{ externalUrl: 'https://a.sallyport.localhost:9/' }, 'ERR_APP_URL'],
      'an external URL with a query': [{ externalUrl: 'https://a.sallyport.localhost/?x' }, 'ERR_APP_URL'],
      'an external URL with credentials': [{ externalUrl: 'https://u@a.sallyport.localhost/' }, 'ERR_APP_URL'],
      'a path that the ingress answers itself': [
        { externalUrl: 'https://a.sallyport.localhost/.sallyport/x' },
        'ERR_APP_URL',
      ],
      'an empty name': [{ name: '  ' }, 'ERR_APP_NAME'],
      'a name of 121 characters': [{ name: 'x'.repeat(121) }, 'ERR_APP_NAME'],
      'a name with control characters': [{ name: 'a\u0007b' }, 'ERR_APP_NAME'],
      'a timeout of 0': [{ backendTimeoutSeconds: 0 }, 'ERR_APP_TIMEOUT'],
      'a timeout over an hour': [{ backendTimeoutSeconds: 3601 }, 'ERR_APP_TIMEOUT'],
      'a timeout with a fraction': [{ backendTimeoutSeconds: 1.5 }, 'ERR_APP_TIMEOUT'],
      'a connector group that is no id': [
        { connectorGroupId: 'a.b' as AppSettings['connectorGroupId'] },
        'ERR_GROUP_ABSENT',
      ],
    };
    for (const [what, [settings, thenError]] of Object.entries(refusals))
      it(`refuses ${what}`, () => check({ when: publish(settings), error: thenError }));

    it('refuses an id that is taken, also by a retired app', () => {
      check({ given: [published], when: publish(), error: 'ERR_APP_EXISTS' });
      check({ given: [published, retired], when: publish(), error: 'ERR_APP_EXISTS' });
    });

    it('names field, value and remedy, and no password', () => {
      const refusal = (settings: Partial<AppSettings>) => {
        try {
          appDecider.decide(publish(settings), appDecider.initialState);
        } catch (error) {
          return error as { message: string; expose: boolean; details: Record<string, unknown> };
        }
        throw new Error('expected a refusal');
      };
      const port = refusal({ externalUrl: 'https://a.sallyport.localhost:9/' });
      expect(port.message).to.equal(
        'externalUrl "https://a.sallyport.localhost:9/" names port 9: the ingress listens on 8443, leave the port out',
      );
      expect(port.expose).to.equal(true);
      expect(port.details).to.deep.include({ field: 'externalUrl', value: 'https://a.sallyport.localhost:9/' });
      expect(refusal({ internalUrl: 'http://u:secret@localhost/' }).message).to.not.contain('secret');
    });
  });

  describe('ChangeApp', () => {
    it('records only what changed', () =>
      check({
        given: [published],
        when: change({ name: 'Wiki', backendTimeoutSeconds: 180 }),
        facts: [{ type: 'AppBackendTimeoutChanged', data: { backendTimeoutSeconds: 180 } }],
      }));

    it('records nothing when nothing changed, also when the URL is only written otherwise', () => {
      check({ given: [published], when: change({}), facts: [] });
      check({ given: [published], when: change({ ...SETTINGS, internalUrl: 'http://LOCALHOST:3000' }), facts: [] });
    });

    it('has one fact for each setting', () => {
      const other: AppSettings = {
        name: 'Docs',
        internalUrl: 'http://localhost:1/',
        externalUrl: 'https://docs.sallyport.localhost:8443/',
        preauthentication: 'oidc',
        connectorGroupId: 'east' as AppSettings['connectorGroupId'],
        backendTimeoutSeconds: 1,
        cookieFlags: { httpOnly: true, persistent: true, sameSite: 'lax' },
        translateHeaders: false,
        validateBackendCertificate: false,
        ...OTHER_SINCE_V2,
      };
      check({
        given: [{ type: 'AppPublished', data: { ...SETTINGS, preauthentication: 'passthrough' } }],
        when: change(other),
        facts: [
          { type: 'AppRenamed', data: { name: other.name } },
          { type: 'AppInternalUrlChanged', data: { internalUrl: other.internalUrl } },
          {
            type: 'AppExternalUrlChanged',
            data: { externalUrl: other.externalUrl, previousExternalUrl: SETTINGS.externalUrl },
          },
          { type: 'AppAlternateHostsChanged', data: { alternateHosts: ['wiki.example.com'] } },
          { type: 'AppPreauthenticationChanged', data: { preauthentication: 'oidc' } },
          { type: 'AppMovedToConnectorGroup', data: { connectorGroupId: other.connectorGroupId } },
          { type: 'AppBackendTimeoutChanged', data: { backendTimeoutSeconds: 1 } },
          { type: 'AppIdleTimeoutChanged', data: { idleTimeoutSeconds: 60 } },
          { type: 'AppCookieFlagsChanged', data: { cookieFlags: other.cookieFlags } },
          { type: 'AppHeaderTranslationChanged', data: { translateHeaders: false } },
          { type: 'AppBodyLinkTranslationChanged', data: { translateBodyLinks: true } },
          { type: 'AppHstsChanged', data: { hsts: { maxAgeSeconds: 60, includeSubDomains: true } } },
          { type: 'AppCorsRulesChanged', data: { corsRules: [CORS_RULE] } },
          { type: 'AppSessionAffinityChanged', data: { sessionAffinity: true } },
          { type: 'AppWebSocketPermissionChanged', data: { allowWebSocket: false } },
          { type: 'AppGrpcPermissionChanged', data: { allowGrpc: false } },
          { type: 'AppRequestBodyLimitChanged', data: { maxRequestBodyBytes: 1024 } },
          { type: 'AppBackendCertificateValidationChanged', data: { validateBackendCertificate: false } },
          { type: 'AppOriginCertificateAuthorityChanged', data: { originCertificateAuthority: 'PEM' } },
          { type: 'AppOriginClientCertificateChanged', data: { originClientCertificate: 'hr-client' } },
          { type: 'AppOriginProtocolChanged', data: { originProtocol: 'h2' } },
          { type: 'AppBearerTokensChanged', data: { bearerTokens: OTHER_SINCE_V2.bearerTokens } },
          { type: 'AppIdentityProviderChanged', data: { identityProvider: 'partners' } },
          { type: 'AppSingleSignOnChanged', data: { singleSignOn: OTHER_SINCE_V2.singleSignOn } },
        ],
      });
    });

    it('keeps the external URL of a renamed app', () =>
      check({
        given: [published],
        when: change({ name: 'New' }),
        facts: [{ type: 'AppRenamed', data: { name: 'New' } }],
      }));

    it('refuses bad values, absent and retired apps', () => {
      check({ given: [published], when: change({ internalUrl: 'x' }), error: 'ERR_APP_URL' });
      check({ given: [published], when: change({ backendTimeoutSeconds: 0 }), error: 'ERR_APP_TIMEOUT' });
      check({ when: change({ name: 'x' }), error: 'ERR_APP_ABSENT' });
      check({ given: [published, retired], when: change({ name: 'x' }), error: 'ERR_APP_RETIRED' });
    });
  });

  describe('RetireApp', () => {
    const when: DecideAppCommand = { type: 'RetireApp', appId };
    it('retires', () => check({ given: [published], when, facts: [retired] }));
    it('does nothing the second time', () => check({ given: [published, retired], when, facts: [] }));
    it('refuses an absent app', () => check({ when, error: 'ERR_APP_ABSENT' }));
  });
});
