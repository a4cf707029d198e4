import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import {
  appAggregate,
  appCommand,
  appSettings,
  appView,
  connectorConfiguration,
  SETTINGS_SINCE_V2,
} from '#libs/contracts';
import { normalizeCertificateAuthority } from '../../../../services/routing/src/apps/certificate-authority.ts';
import { pemCertificates } from '../../../support/certificates.ts';

const V1 = {
  name: 'wiki',
  internalUrl: 'http://wiki.internal/',
  externalUrl: 'https://wiki.sallyport.localhost/',
  preauthentication: 'oidc',
  connectorGroupId: 'default',
  backendTimeoutSeconds: 85,
  cookieFlags: { httpOnly: true, persistent: false, sameSite: 'lax' },
  translateHeaders: true,
  validateBackendCertificate: true,
};

describe('facts and messages from before there were these settings', () => {
  it('AppPublished of version 1 is read with the values such an app had', () => {
    const today = appAggregate.upcast?.('AppPublished', 1, V1);
    expect(today?.type).to.equal('AppPublished');
    expect(appSettings.parse(today?.data)).to.deep.equal({ ...V1, ...SETTINGS_SINCE_V2 });
  });

  it('an app of an older sender is read so too', () => {
    const view = appView.parse({ ...V1, id: 'a', revision: 1, status: 'published', users: [], groups: [] });
    expect(view).to.deep.include({ hsts: null, allowWebSocket: true, originProtocol: 'auto', roles: [] });
  });

  it('a command of an older sender assigns no app role', () => {
    const older = { type: 'AssignToApp', appId: 'a', userIds: ['u'], groupIds: [] };
    expect(appCommand.parse(older)).to.deep.equal(older);
  });

  it('and a configuration that an older connector saved', () => {
    const { name: _name, preauthentication: _pre, connectorGroupId: _group, cookieFlags: _flags, ...app } = V1;
    const saved = {
      version: 1,
      connectorId: 'c',
      status: 'active',
      connectorGroupId: 'g',
      queue: 'q',
      refreshSeconds: 60,
    };
    const [read] = connectorConfiguration.parse({ ...saved, apps: [{ ...app, appId: 'a' }] }).apps;
    expect(read).to.include({ originCertificateAuthority: null, originProtocol: 'auto', segments: null });
  });
});

describe('certificate authorities of an app', () => {
  it('are kept as PEM blocks alone', async () => {
    const { authority } = await pemCertificates({ names: ['origin.internal'] });
    const read = normalizeCertificateAuthority(`Subject: mine\r\n${authority.replace(/\n/g, '\r\n')}\nmore text`);
    expect(read).to.equal(authority.trimEnd().concat('\n'));
  });

  it('are refused when they are none, an origin certificate, or a key', async () => {
    const { leaf } = await pemCertificates({ names: ['origin.internal'] });
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    for (const [text, words] of [
      ['nothing', 'holds no certificate'],
      [broken, 'cannot be read'],
      [leaf, 'is not of an authority'],
      [key, 'holds a private key'],
      ['x'.repeat(20_000), '20000 characters'],
    ] as const)
      expect(() => normalizeCertificateAuthority(text), words).to.throw(words);
    expect(() => normalizeCertificateAuthority(key)).to.throw('[redacted]');
  });
});
