import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { AppView } from '#libs/contracts';
import { AppDirectory } from '../../../../services/ingress/src/directory/app-directory.ts';
import { appView } from '../support/ingress-rig.ts';

const wildcard = (name: string, changes: Partial<AppView> = {}) =>
  appView(name, {
    externalUrl: 'https://*.apps.example.com:8443/',
    internalUrl: 'https://*.internal.example:9443/base/',
    ...changes,
  });
const directoryOf = (...views: readonly AppView[]) => {
  const directory = new AppDirectory('default');
  for (const view of views) directory.put(view);
  return directory;
};
const leadsTo = (directory: AppDirectory, host: string, path = '/') => {
  const app = directory.placesOf(host)?.find(path, path);
  return app && `${app.view.id} ${app.internalOrigin}${app.internalPath}`;
};

describe('wildcard apps', () => {
  it('lead to the internal host that * stands for', () => {
    const directory = directoryOf(wildcard('all'));
    const app = directory.placesOf('hr.apps.example.com')?.find('/x', '/x');
    expect(app).to.include({
      externalOrigin: 'https://hr.apps.example.com:8443',
      externalHostname: 'hr.apps.example.com',
      internalOrigin: 'https://hr.internal.example:9443',
      internalHostname: 'hr.internal.example',
      internalPath: '/base/',
      isPattern: false,
    });
    expect(leadsTo(directory, 'a.b.apps.example.com')).to.equal('app_all https://a.b.internal.example:9443/base/');
  });

  it('give a host the same object at each request', () => {
    const directory = directoryOf(wildcard('all'));
    const places = directory.placesOf('hr.apps.example.com');
    expect(directory.placesOf('hr.apps.example.com')).to.equal(places);
    expect(places?.find('/', '/')).to.equal(places?.find('/a', '/a'));
  });

  it('hold no host outside of the wildcard, nor what it is a wildcard of', () => {
    const directory = directoryOf(wildcard('all'));
    for (const host of ['apps.example.com', 'xapps.example.com', 'hr.example.com', 'com', 'apps.example.com.evil.com'])
      expect(leadsTo(directory, host), host).to.equal(undefined);
  });

  it('yield to an app that names the host, for all of its paths', () => {
    const hr = appView('hr', { externalUrl: 'https://hr.apps.example.com:8443/team/' });
    for (const views of [
      [wildcard('all'), hr],
      [hr, wildcard('all')],
    ]) {
      const directory = directoryOf(...views);
      expect(leadsTo(directory, 'hr.apps.example.com', '/team/a')).to.equal('app_hr http://origin.internal/');
      expect(leadsTo(directory, 'hr.apps.example.com', '/other')).to.equal(undefined);
      directory.put({ ...hr, revision: 2, status: 'retired' });
      expect(leadsTo(directory, 'hr.apps.example.com', '/other')).to.match(/^app_all/);
    }
  });

  it('yield to a deeper wildcard, also one published later', () => {
    const directory = directoryOf(wildcard('all'));
    expect(leadsTo(directory, 'x.eu.apps.example.com')).to.match(/^app_all/);
    directory.put(wildcard('eu', { externalUrl: 'https://*.eu.apps.example.com:8443/' }));
    expect(leadsTo(directory, 'x.eu.apps.example.com')).to.equal('app_eu https://x.internal.example:9443/base/');
    expect(leadsTo(directory, 'eu.apps.example.com')).to.match(/^app_all/);
  });

  it('share a wildcard by path, the longest wins', () => {
    const team = wildcard('team', { externalUrl: 'https://*.apps.example.com:8443/team/' });
    const directory = directoryOf(wildcard('all'), team);
    expect(leadsTo(directory, 'a.apps.example.com', '/team/x')).to.match(/^app_team/);
    expect(leadsTo(directory, 'a.apps.example.com', '/teams')).to.match(/^app_all/);
    directory.put({ ...team, revision: 2, status: 'retired' });
    expect(leadsTo(directory, 'a.apps.example.com', '/team/x')).to.match(/^app_all/);
  });

  it('may lead every host to one internal URL', () => {
    const directory = directoryOf(wildcard('all', { internalUrl: 'http://one.internal/' }));
    expect(leadsTo(directory, 'a.apps.example.com')).to.equal('app_all http://one.internal/');
    expect(directory.appsOfInternalOrigin('http://one.internal'), 'which host a link means is unknown').to.deep.equal(
      [],
    );
  });

  it('are no tile of the portal, and are found by id', () => {
    const directory = directoryOf(wildcard('all'), appView('wiki'));
    expect([...directory.all()].map(({ view }) => view.id)).to.deep.equal(['app_wiki']);
    expect(directory.getApp('app_all')?.isPattern).to.equal(true);
  });
});

describe('wildcard apps by segments', () => {
  const segment = (label: string, path = '/') => ({
    externalUrl: `https://${label}.apps.example.com:8443${path}`,
    internalUrl: `http://${label}-prod.internal:8080/`,
  });

  it('publish the segments alone, each with its own internal URL', () => {
    const directory = directoryOf(wildcard('erp', { segments: [segment('hr'), segment('pay', '/in/')] }));
    expect(leadsTo(directory, 'hr.apps.example.com')).to.equal('app_erp http://hr-prod.internal:8080/');
    expect(leadsTo(directory, 'pay.apps.example.com', '/in/x')).to.equal('app_erp http://pay-prod.internal:8080/');
    expect(leadsTo(directory, 'pay.apps.example.com', '/')).to.equal(undefined);
    expect(leadsTo(directory, 'other.apps.example.com')).to.equal(undefined);
  });

  it('fail closed when no segment is left, and let no shallower wildcard take over', () => {
    const directory = directoryOf(
      wildcard('wide', { externalUrl: 'https://*.example.com:8443/' }),
      wildcard('erp', { segments: [segment('hr')] }),
    );
    expect(leadsTo(directory, 'other.apps.example.com')).to.equal(undefined);
    directory.put(wildcard('erp', { segments: [], revision: 2 }));
    expect(leadsTo(directory, 'hr.apps.example.com')).to.equal(undefined);
    expect(directory.placesOf('hr.apps.example.com')).to.equal(undefined);
    expect(leadsTo(directory, 'x.example.com')).to.match(/^app_wide/);
    directory.put(wildcard('erp', { segments: [], revision: 3, status: 'retired' }));
    expect(leadsTo(directory, 'hr.apps.example.com'), 'once nobody holds it').to.match(/^app_wide/);
  });

  it('translate links to each segment', () => {
    const directory = directoryOf(wildcard('erp', { segments: [segment('hr'), segment('pay')] }));
    const [app] = directory.appsOfInternalOrigin('http://pay-prod.internal:8080');
    expect(app?.externalOrigin).to.equal('https://pay.apps.example.com:8443');
  });
});

describe('links to wildcard apps', () => {
  it('are found by the internal host, port and path', () => {
    const directory = directoryOf(wildcard('all'));
    const [app] = directory.appsOfInternalOrigin('https://hr.internal.example:9443');
    expect(app?.externalOrigin).to.equal('https://hr.apps.example.com:8443');
    const found = directory.appOfInternalUrl('https://hr.internal.example:9443', '/base/x');
    expect(found?.externalOrigin).to.equal('https://hr.apps.example.com:8443');
    for (const origin of ['https://hr.internal.example', 'http://hr.internal.example:9443', 'https://internal.example'])
      expect(directory.appsOfInternalOrigin(origin), origin).to.deep.equal([]);
    expect(directory.appOfInternalUrl('https://hr.internal.example:9443', '/elsewhere')).to.equal(undefined);
  });

  it('go to the app that names the internal host, if one does', () => {
    const hr = appView('hr', { internalUrl: 'https://hr.internal.example:9443/base/' });
    const directory = directoryOf(wildcard('all'), hr);
    expect(directory.appsOfInternalOrigin('https://hr.internal.example:9443')[0]?.view.id).to.equal('app_hr');
  });
});

describe('alternate hosts', () => {
  it('lead to the app at the same path, and links go to the main host', () => {
    const directory = directoryOf(
      appView('wiki', {
        externalUrl: 'https://wiki.example.com:8443/docs/',
        alternateHosts: ['handbook.example.org'],
      }),
    );
    const app = directory.placesOf('handbook.example.org')?.find('/docs/a', '/docs/a');
    expect(app?.externalOrigin).to.equal('https://handbook.example.org:8443');
    expect(directory.placesOf('handbook.example.org')?.find('/', '/')).to.equal(undefined);
    const linked = directory.appsOfInternalOrigin('http://origin.internal').map(({ externalOrigin }) => externalOrigin);
    expect(linked).to.deep.equal(['https://wiki.example.com:8443']);
    directory.put(appView('wiki', { externalUrl: 'https://wiki.example.com:8443/docs/', revision: 2 }));
    expect(directory.placesOf('handbook.example.org')).to.equal(undefined);
  });

  it('may be wildcards of a wildcard app', () => {
    const directory = directoryOf(wildcard('all', { alternateHosts: ['*.apps.example.org'] }));
    expect(leadsTo(directory, 'hr.apps.example.org')).to.equal('app_all https://hr.internal.example:9443/base/');
  });
});
