import { expect } from 'chai';
import { describe, it } from 'mocha';
import { askForOfflineAccess } from '../../../services/dev-identity-provider/src/offline-access.ts';

describe('offline access at the development identity provider', () => {
  const asked = (query: string) => askForOfflineAccess(`/t/oauth2/v2.0/authorize?${query}`);
  const promptOf = (query: string) => new URL(asked(query), 'https://localhost').searchParams.get('prompt');

  it('is asked for with a consent that nobody sees', () => {
    expect(promptOf('scope=openid+offline_access')).to.equal('consent');
    expect(promptOf('scope=offline_access&prompt=login')).to.equal('login consent');
    expect(asked('scope=openid+offline_access&state=a%2Bb')).to.include('state=a%2Bb');
  });

  it('leaves every other address as it is', () => {
    for (const query of [
      'scope=openid',
      'scope=openid+offline_access_too',
      'scope=offline_access&prompt=none',
      'scope=offline_access&prompt=consent',
      'scope=offline_access&scope=openid',
      'prompt=login',
      '',
    ])
      expect(asked(query), query).to.equal(`/t/oauth2/v2.0/authorize?${query}`);
    expect(askForOfflineAccess('/t/discovery/v2.0/keys')).to.equal('/t/discovery/v2.0/keys');
  });
});
