import { expect } from 'chai';
import { describe, it } from 'mocha';
import { parseLauncherOptions } from '../../../services/launcher/src/options.ts';

describe('npm start options', () => {
  it('have defaults that need no thought', () => {
    expect(parseLauncherOptions([])).to.deep.equal({
      dataDir: '.sallyport',
      port: 8443,
      domain: 'sallyport.localhost',
      countryDatabase: null,
      hasSecondIdentityProvider: false,
      isJson: false,
      hasSampleApps: true,
    });
  });

  it('can all be given', () => {
    const argv = [
      '--data-dir',
      'd',
      '--port',
      '0',
      '--domain',
      'apps.example.com',
      '--json',
      '--no-sample-apps',
      '--country-database',
      'c.mmdb',
      '--second-identity-provider',
    ];
    expect(parseLauncherOptions(argv)).to.deep.equal({
      dataDir: 'd',
      port: 0,
      domain: 'apps.example.com',
      countryDatabase: 'c.mmdb',
      hasSecondIdentityProvider: true,
      isJson: true,
      hasSampleApps: false,
    });
    expect(parseLauncherOptions(['--help'])).to.deep.equal({ help: true });
  });

  for (const argv of [
    ['--port', '70000'],
    ['--port', 'x'],
    ['--port', '-1'],
    ['--domain', 'localhost'],
    ['--domain', 'a..b'],
    ['--domian', 'x.y'],
    ['extra'],
  ]) {
    it(`refuse ${argv.join(' ')}`, () => {
      expect(() => parseLauncherOptions(argv))
        .to.throw()
        .with.property('code', 'ERR_LAUNCHER_USAGE');
    });
  }
});
