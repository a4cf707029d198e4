import { expect } from 'chai';
import { describe, it } from 'mocha';
import { loadScript } from '../support/load-script.ts';

type AptSource = {
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  readonly components: readonly string[];
  readonly signedBy: string | undefined;
};
type Module = {
  DEBIAN_KEYRING: string;
  readonly parseDeb822Sources: (text: string) => readonly AptSource[];
  readonly parseOneLineSources: (text: string) => readonly AptSource[];
  readonly debianMirrors: (
    sources: readonly AptSource[],
    codename: string,
  ) => readonly { uri: string; keyring: string }[];
};

const { DEBIAN_KEYRING, debianMirrors, parseDeb822Sources, parseOneLineSources } =
  await loadScript<Module>('bootstrap/apt-sources.mjs');

const DEBIAN_12 = `Types: deb
# a comment inside a stanza
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb deb-src
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
`;

describe('apt sources in deb822 format', () => {
  it('are read stanza by stanza, without comments', () => {
    expect(parseDeb822Sources(DEBIAN_12)).to.deep.equal([
      {
        uris: ['http://mirror.example/debian'],
        suites: ['bookworm', 'bookworm-updates'],
        components: ['main'],
        signedBy: DEBIAN_KEYRING,
      },
      {
        uris: ['http://mirror.example/debian-security'],
        suites: ['bookworm-security'],
        components: ['main'],
        signedBy: DEBIAN_KEYRING,
      },
    ]);
  });

  it('are left out when disabled or for source packages alone', () => {
    expect(parseDeb822Sources('Types: deb\nURIs: http://a\nSuites: x\nEnabled: no\n')).to.deep.equal([]);
    expect(parseDeb822Sources('Types: deb-src\nURIs: http://a\nSuites: x\n')).to.deep.equal([]);
  });

  it('may go on in the next line and hold an inline key', () => {
    const text =
      'Types: deb\nURIs: http://a\n http://b\nSuites: x\nComponents: main\nSigned-By:\n -----BEGIN\n .\n key\n';
    expect(parseDeb822Sources(text)).to.deep.equal([
      { uris: ['http://a', 'http://b'], suites: ['x'], components: ['main'], signedBy: undefined },
    ]);
  });
});

describe('apt sources in one-line format', () => {
  it('are read with and without options', () => {
    const text = [
      '# deb http://commented.example/debian bookworm main',
      'deb http://mirror.example/debian bookworm main contrib # the mirror',
      `deb [arch=amd64 signed-by=${DEBIAN_KEYRING}] https://other.example/debian bookworm main`,
      'deb-src http://mirror.example/debian bookworm main',
    ].join('\n');
    expect(parseOneLineSources(text)).to.deep.equal([
      {
        uris: ['http://mirror.example/debian'],
        suites: ['bookworm'],
        components: ['main', 'contrib'],
        signedBy: undefined,
      },
      {
        uris: ['https://other.example/debian'],
        suites: ['bookworm'],
        components: ['main'],
        signedBy: DEBIAN_KEYRING,
      },
    ]);
  });
});

describe("the mirror of Debian among a machine's sources", () => {
  const source = (uri: string, suite: string, component = 'main', signedBy?: string): AptSource => ({
    uris: [uri],
    suites: [suite],
    components: [component],
    signedBy,
  });

  it('is the archive, neither its security updates nor another vendor', () => {
    const vendors = parseOneLineSources(
      'deb https://vendor.example/apt nodistro main\ndeb https://vendor.example/linux/debian bookworm stable',
    );
    const mirrors = debianMirrors([...vendors, ...parseDeb822Sources(DEBIAN_12)], 'bookworm');
    expect(mirrors).to.deep.equal([{ uri: 'http://mirror.example/debian', keyring: DEBIAN_KEYRING }]);
  });

  it('comes before a vendor that calls its component main for the same suite', () => {
    const mirrors = debianMirrors(
      [
        source('https://vendor.example/prod', 'bookworm', 'main', '/usr/share/keyrings/vendor.gpg'),
        source('http://mirror.example/debian/', 'bookworm', 'main', DEBIAN_KEYRING),
      ],
      'bookworm',
    );
    expect(mirrors.map(({ uri }) => uri)).to.deep.equal([
      'http://mirror.example/debian/',
      'https://vendor.example/prod',
    ]);
    expect(mirrors.map(({ keyring }) => keyring)).to.deep.equal([DEBIAN_KEYRING, DEBIAN_KEYRING]);
  });

  it('is never a CD, and at most three are tried', () => {
    const many = ['a', 'b', 'c', 'd', 'a'].map((name) => source(`http://${name}.example/debian`, 'bookworm'));
    const mirrors = debianMirrors([source('cdrom:[Debian]/', 'bookworm'), ...many], 'bookworm');
    expect(mirrors.map(({ uri }) => uri)).to.deep.equal(['a', 'b', 'c'].map((name) => `http://${name}.example/debian`));
  });
});
