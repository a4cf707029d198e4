import { describe, it } from 'mocha';
import { type AppFact, type AppSegment, type AppSettings, SETTINGS_SINCE_V2 } from '#libs/contracts';
import { deciderSpec } from '#libs/events/testing';
import { appDecider, type DecideAppCommand } from '../../../../services/routing/src/apps/app.decide.ts';

const check = deciderSpec(appDecider);
const policy = { domain: 'gate.example', externalPort: 443, reservedHosts: ['login', 'portal', 'api'] };
const WILDCARD: AppSettings = {
  ...SETTINGS_SINCE_V2,
  hsts: { maxAgeSeconds: 31_536_000, includeSubDomains: false },
  name: 'ERP',
  internalUrl: 'https://*.internal.example/',
  externalUrl: 'https://*.apps.example.com/',
  preauthentication: 'oidc',
  connectorGroupId: 'default' as AppSettings['connectorGroupId'],
  backendTimeoutSeconds: 85,
  cookieFlags: { httpOnly: true, persistent: false, sameSite: 'lax' },
  translateHeaders: true,
  validateBackendCertificate: true,
};
const segment = (externalUrl: string, internalUrl = 'https://hr.internal/'): AppSegment => ({
  externalUrl,
  internalUrl,
});
const HR = segment('https://hr.apps.example.com/');
const publish = (settings: Partial<AppSettings> = {}): DecideAppCommand => ({
  type: 'PublishApp',
  appId: 'app_1',
  policy,
  settings: {
    name: 'ERP',
    internalUrl: 'https://*.internal.example',
    externalUrl: 'https://*.apps.example.com',
    ...settings,
  },
});
const change = (changes: Partial<AppSettings>): DecideAppCommand => ({
  type: 'ChangeApp',
  appId: 'app_1',
  policy,
  changes,
});
const published = (settings: Partial<AppSettings> = {}): AppFact => ({
  type: 'AppPublished',
  data: { ...WILDCARD, ...settings },
});

describe('places of an app', () => {
  it('are a wildcard outside and inside', () => check({ when: publish(), facts: [published()] }));

  it('are a wildcard outside and one host inside', () =>
    check({
      when: publish({ internalUrl: 'http://localhost:3000' }),
      facts: [published({ internalUrl: 'http://localhost:3000/' })],
    }));

  it('are a deeper wildcard under the domain of the gate', () =>
    check({
      when: publish({ externalUrl: 'https://*.apps.gate.example' }),
      facts: [published({ externalUrl: 'https://*.apps.gate.example/' })],
    }));

  it('are more hosts, written in one way', () =>
    check({
      when: publish({ alternateHosts: ['*.Apps.Example.ORG', '*.apps.example.org'] }),
      facts: [published({ alternateHosts: ['*.apps.example.org'] })],
    }));

  it('are segments of the wildcard', () =>
    check({
      when: publish({ segments: [segment('https://hr.apps.example.com', 'https://hr.internal')] }),
      facts: [published({ segments: [HR] })],
    }));

  const refused: Readonly<Record<string, Partial<AppSettings>>> = {
    'no segment at all': { segments: [] },
    'a segment outside of the wildcard': { segments: [segment('https://hr.example.com/')] },
    'a segment that is a wildcard': { segments: [segment('https://*.eu.apps.example.com/')] },
    'a segment with a wildcard inside': { segments: [segment('https://hr.apps.example.com/', 'https://*.b.c/')] },
    'a segment twice': { segments: [HR, segment('https://HR.apps.example.com', 'http://other/')] },
    'segments and alternate hosts': { segments: [HR], alternateHosts: ['*.apps.example.org'] },
    'an alternate host that is exact': { alternateHosts: ['hr.example.org'] },
    'an alternate wildcard inside of the main one': { alternateHosts: ['*.eu.apps.example.com'] },
  };
  for (const [title, settings] of Object.entries(refused)) {
    it(`are not ${title}, when published`, () => check({ when: publish(settings), error: 'ERR_APP_HOSTS' }));
    it(`are not ${title}, when changed`, () =>
      check({ given: [published()], when: change(settings), error: 'ERR_APP_HOSTS' }));
  }

  it('never lose their last segment by a change', () =>
    check({ given: [published({ segments: [HR] })], when: change({ segments: [] }), error: 'ERR_APP_HOSTS' }));

  it('open to the whole wildcard by a word of its own only', () =>
    check({
      given: [published({ segments: [HR] })],
      when: change({ segments: null }),
      facts: [{ type: 'AppSegmentsChanged', data: { segments: null } }],
    }));

  it('must hold together after a change of one of them', () => {
    check({
      given: [published({ segments: [HR] })],
      when: change({ externalUrl: 'https://*.other.example.com/' }),
      error: 'ERR_APP_HOSTS',
    });
    check({
      given: [published()],
      when: change({ externalUrl: 'https://erp.example.com/' }),
      error: 'ERR_APP_HOSTS',
    });
  });

  it('of a new app under a name that is not for this machine alone get HSTS for a year', () => {
    check({
      when: publish({ externalUrl: 'https://erp.gate.example', internalUrl: 'http://erp' }),
      facts: [published({ externalUrl: 'https://erp.gate.example/', internalUrl: 'http://erp/' })],
    });
    check({
      when: publish({ externalUrl: 'https://erp.test.localhost', internalUrl: 'http://erp' }),
      facts: [published({ externalUrl: 'https://erp.test.localhost/', internalUrl: 'http://erp/', hsts: null })],
    });
  });
});
