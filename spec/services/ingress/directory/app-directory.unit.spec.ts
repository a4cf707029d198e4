import { expect } from 'chai';
import { describe, it } from 'mocha';
import { AppDirectory } from '../../../../services/ingress/src/directory/app-directory.ts';
import { appView, DOMAIN } from '../support/ingress-rig.ts';

const at = (name: string, path: string, revision = 1) =>
  appView(name, { externalUrl: `https://shared.${DOMAIN}${path}`, revision });
const idsAt = (directory: AppDirectory) => directory.appsOfHost(`shared.${DOMAIN}`).map((app) => app.view.id);

describe('app directory', () => {
  it('lists the apps of a host by the length of their path, longest first, in whatever order they came', () => {
    for (const order of [
      ['/', '/a/', '/a/b/'],
      ['/a/b/', '/', '/a/'],
      ['/a/', '/a/b/', '/'],
    ]) {
      const directory = new AppDirectory('default');
      for (const path of order) directory.put(at(path.replaceAll('/', '-'), path));
      expect(idsAt(directory)).to.deep.equal(['app_-a-b-', 'app_-a-', 'app_-']);
    }
  });

  it('moves an app whose external URL changed', () => {
    const directory = new AppDirectory('default');
    directory.put(at('one', '/'));
    directory.put(appView('one', { revision: 2 }));
    expect(idsAt(directory)).to.deep.equal([]);
    expect(directory.appsOfHost(`one.${DOMAIN}`)).to.have.length(1);
  });

  it('forgets a retired app and does not let an older view bring it back', () => {
    const directory = new AppDirectory('default');
    directory.put(at('one', '/', 3));
    directory.put({ ...at('one', '/', 4), status: 'retired' });
    directory.put(at('one', '/', 3));
    expect([directory.size, idsAt(directory)]).to.deep.equal([0, []]);
  });

  it('does not serve an app whose URLs it cannot read, or that is not https outside', () => {
    const directory = new AppDirectory('default');
    for (const changes of [
      { internalUrl: 'nonsense' },
      { internalUrl: 'ftp://x/' },
      { externalUrl: 'http://wiki.example/' },
    ])
      directory.put(appView('one', changes));
    expect(directory.size).to.equal(0);
  });
});
