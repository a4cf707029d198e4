import { expect } from 'chai';
import { describe, it } from 'mocha';
import { readUserAgent } from '../../../../services/auth/src/conditional-access/user-agent.ts';

const KIT = 'AppleWebKit/537.36 (KHTML, like Gecko)';

describe('user agent', () => {
  for (const [userAgent, platform, clientKind] of [
    [
      `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${KIT} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0`,
      'windows',
      'browser',
    ],
    ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:145.0) Gecko/20100101 Firefox/145.0', 'macos', 'browser'],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'linux', 'browser'],
    [`Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${KIT} Chrome/142.0.0.0 Safari/537.36`, 'chromeos', 'browser'],
    [`Mozilla/5.0 (Linux; Android 10; K) ${KIT} Chrome/142.0.0.0 Mobile Safari/537.36`, 'android', 'browser'],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Version/26.0 Safari/604.1',
      'ios',
      'browser',
    ],
    ['Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1.15 Version/12.1 Safari/604.1', 'ios', 'browser'],
    ['Opera/9.80 (Windows NT 6.1) Presto/2.12.388 Version/12.18', 'windows', 'browser'],
    ['git/2.51.0', null, 'native'],
    ['curl/8.16.0', null, 'native'],
    ['Outlook-iOS/2.0', null, 'native'],
    ['okhttp/4.12.0 (Android 15)', 'android', 'native'],
    ['CFNetwork/3826 Darwin/25.0.0', 'macos', 'native'],
    ['Microsoft-WebDAV-MiniRedir/10.0.26100', null, 'native'],
    ['', null, null],
    ['  ', null, null],
    ['Windowsill', null, 'native'],
    ['Mozilla/', null, 'native'],
    ['x'.repeat(400), null, 'native'],
  ] as const) {
    it(`claims ${platform ?? 'no platform'} and ${clientKind ?? 'nothing'} in ${JSON.stringify(userAgent.slice(0, 60))}`, () => {
      expect(readUserAgent(userAgent)).to.deep.equal({ platform, clientKind });
    });
  }
});
