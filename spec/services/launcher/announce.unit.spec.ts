import { expect } from 'chai';
import { describe, it } from 'mocha';
import { renderBox } from '../../../services/launcher/src/announce.ts';
import type { Announcement } from '../../../services/launcher/src/announcement.ts';

const app = (id: string, name: string, preauthentication: 'oidc' | 'passthrough') => ({
  id,
  name,
  externalUrl: `https://${name}.sallyport.localhost:8443/`,
  internalUrl: 'http://127.0.0.1:1/',
  preauthentication,
  connectorGroup: 'default',
});

const announcement: Announcement = {
  event: 'ready',
  ingressUrl: 'https://localhost:8443',
  portalUrl: 'https://portal.sallyport.localhost:8443/',
  apiUrl: 'https://localhost:8446/v1/',
  caFile: '/data/pki/root.pem',
  dataDir: '/data',
  apps: [app('app_2', 'a-very-long-name', 'oidc'), app('app_1', 'dumper', 'oidc')],
  users: [
    { username: 'alice', password: 'alice', roles: ['Global Administrator'], assignedApps: ['app_1'] },
    { username: 'carol', password: 'carol', roles: [], assignedApps: [] },
  ],
  furtherIdentityProviders: [],
  processes: {},
};

describe('the box of npm start', () => {
  it('names further identity providers, if there are any', () => {
    const text = renderBox({ ...announcement, furtherIdentityProviders: ['partners'] }, { isTerminal: false });
    expect(text).to.contain('--identity-provider partners');
    expect(renderBox(announcement, { isTerminal: false })).not.to.contain('--identity-provider');
  });

  it('says what to open, who can sign in and how to go on, in lines of one width', () => {
    const text = renderBox(announcement, { isTerminal: false });
    expect(text).to.contain('Open      https://dumper.sallyport.localhost:8443/');
    expect(text).to.contain('alice    password alice    administrator  may open dumper');
    expect(text).to.contain('carol    password carol    employee       assigned to no app');
    expect(text).to.contain('npx sallyport publish http://localhost:3000 ');
    const widths = new Set(
      text
        .trimEnd()
        .split('\n')
        .map((line) => line.length),
    );
    expect(widths.size).to.equal(1);
  });

  it('names the data directory in the command when it is not the usual one', () => {
    const text = renderBox(announcement, { isTerminal: true, dataDirOption: '/elsewhere' });
    expect(text).to.contain('publish http://localhost:3000 --data-dir /elsewhere');
  });
});
