import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { isSallyportError } from '#libs/errors';
import { COMMANDS } from '../../../services/cli/src/command-table.ts';
import { readSettings } from '../../../services/cli/src/commands/settings.ts';
import { parseCommand } from '../../../services/cli/src/parse-command.ts';

describe('settings of an app on the command line', () => {
  let folder: string;
  let input: string | undefined;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-settings-'));
    writeFileSync(join(folder, 'ca.pem'), 'PEM');
    writeFileSync(join(folder, 'cors.json'), '[{"allowedOrigins":["https://a.example"]}]');
    writeFileSync(join(folder, 'no-list.json'), '{}');
    writeFileSync(join(folder, 'secret.txt'), 'from a file\n');
    writeFileSync(join(folder, 'empty.txt'), '\n');
    input = 'from input\r\n';
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const read = async (...options: string[]) => {
    const parsed = parseCommand(['apps', 'change', 'wiki', ...options], COMMANDS);
    if (parsed.kind !== 'run') throw new Error('expected a command to run');
    return readSettings(parsed.args, { cwd: folder, readInput: async () => input });
  };
  const refusal = async (...options: string[]) => {
    const [outcome] = await Promise.allSettled([read(...options)]);
    if (outcome.status === 'fulfilled') return JSON.stringify(outcome.value);
    return isSallyportError(outcome.reason, 'ERR_CLI_USAGE') ? outcome.reason.message : String(outcome.reason);
  };

  it('are left out when not named', async () => expect(await read()).to.deep.equal({}));

  it('are read as the API has them', async () => {
    const table: readonly (readonly [readonly string[], object])[] = [
      [
        ['--alternate-host', 'a.example', '--alternate-host', 'b.example'],
        { alternateHosts: ['a.example', 'b.example'] },
      ],
      [['--alternate-host', 'none'], { alternateHosts: [] }],
      [
        ['--segment', 'https://a.x.example=http://a/'],
        { segments: [{ externalUrl: 'https://a.x.example', internalUrl: 'http://a/' }] },
      ],
      [['--segment', 'all'], { segments: null }],
      [['--idle-timeout', '60'], { idleTimeoutSeconds: 60 }],
      [['--translate-links', 'on'], { translateBodyLinks: true }],
      [['--hsts', 'on'], { hsts: { maxAgeSeconds: 31_536_000, includeSubDomains: false } }],
      [['--hsts', '60', '--hsts-subdomains', 'on'], { hsts: { maxAgeSeconds: 60, includeSubDomains: true } }],
      [['--hsts', 'off'], { hsts: null }],
      [['--cors', 'off'], { corsRules: [] }],
      [['--cors', 'cors.json'], { corsRules: [{ allowedOrigins: ['https://a.example'] }] }],
      [
        [
          '--cors-origin',
          'https://a.example',
          '--cors-method',
          'PUT',
          '--cors-credentials',
          'on',
          '--cors-max-age',
          '5',
        ],
        {
          corsRules: [
            {
              allowedOrigins: ['https://a.example'],
              allowedMethods: ['PUT'],
              allowCredentials: true,
              maxAgeSeconds: 5,
            },
          ],
        },
      ],
      [['--session-affinity', 'on'], { sessionAffinity: true }],
      [['--websocket', 'off', '--grpc', 'off'], { allowWebSocket: false, allowGrpc: false }],
      [['--max-body', '10MiB'], { maxRequestBodyBytes: 10_485_760 }],
      [['--max-body', '7'], { maxRequestBodyBytes: 7 }],
      [['--max-body', 'off'], { maxRequestBodyBytes: null }],
      [['--origin-ca', 'ca.pem'], { originCertificateAuthority: 'PEM' }],
      [['--origin-ca', 'off'], { originCertificateAuthority: null }],
      [['--origin-client-certificate', 'hr'], { originClientCertificate: 'hr' }],
      [['--origin-protocol', 'h2'], { originProtocol: 'h2' }],
      [['--identity-provider', 'partners'], { identityProvider: 'partners' }],
      [['--identity-provider', 'default'], { identityProvider: null }],
      [
        ['--bearer-audience', 'api://wiki', '--bearer-scope', 'read', '--bearer-header', 'authorization'],
        { bearerTokens: { audience: 'api://wiki', scope: 'read', header: 'authorization' } },
      ],
      [['--bearer-scope', 'read'], { bearerTokens: { scope: 'read' } }],
      [['--bearer-tokens', 'off'], { bearerTokens: null }],
      [
        ['--claim-header', 'X-Department=department', '--claim-header', 'X-Url=http://x/a=b'],
        {
          singleSignOn: {
            claimHeaders: [
              { header: 'X-Department', claim: 'department' },
              { header: 'X-Url', claim: 'http://x/a=b' },
            ],
          },
        },
      ],
      [['--claim-header', 'off'], { singleSignOn: { claimHeaders: [] } }],
      [['--origin-auth', 'off'], { singleSignOn: { authorization: null } }],
      [
        ['--origin-auth', 'basic:svc', '--origin-secret', '-'],
        { singleSignOn: { authorization: { kind: 'basic', username: 'svc', password: 'from input' } } },
      ],
      [
        ['--origin-auth', 'kerberos', '--spn', 'HTTP/wiki.corp.example', '--delegated-login', 'user-part'],
        {
          singleSignOn: {
            authorization: {
              kind: 'kerberos',
              servicePrincipalName: 'HTTP/wiki.corp.example',
              delegatedLogin: 'user-part',
              claim: null,
            },
          },
        },
      ],
      [
        [
          '--origin-auth',
          'kerberos',
          '--delegated-login',
          'claim:sam',
          '--kerberos-realm',
          'default',
          '--kerberos-mechanism',
          'kerberos',
        ],
        {
          singleSignOn: {
            authorization: {
              kind: 'kerberos',
              delegatedLogin: 'claim',
              claim: 'sam',
              realm: null,
              mechanism: 'kerberos',
            },
          },
        },
      ],
      [['--origin-auth', 'basic:svc'], { singleSignOn: { authorization: { kind: 'basic', username: 'svc' } } }],
      [
        ['--origin-auth', 'bearer', '--origin-secret', 'secret.txt', '--claim-header', 'off'],
        { singleSignOn: { claimHeaders: [], authorization: { kind: 'bearer', token: 'from a file' } } },
      ],
      [
        [
          '--origin-auth',
          'token-exchange',
          '--origin-secret',
          '-',
          '--token-endpoint',
          'https://sts.example.com/',
          '--token-client',
          'sallyport',
          '--token-audience',
          'api',
          '--token-scope',
          'off',
        ],
        {
          singleSignOn: {
            authorization: {
              kind: 'token-exchange',
              tokenEndpoint: 'https://sts.example.com/',
              clientId: 'sallyport',
              clientSecret: 'from input',
              audience: 'api',
              scope: null,
            },
          },
        },
      ],
    ];
    for (const [options, expected] of table) expect(await read(...options), options.join(' ')).to.deep.equal(expected);
  });

  it('take a secret without the byte order mark that some editors put before it', async () => {
    writeFileSync(join(folder, 'marked.txt'), '\ufefffrom an editor\r\n');
    expect(await read('--origin-auth', 'bearer', '--origin-secret', 'marked.txt')).to.deep.include({
      singleSignOn: { authorization: { kind: 'bearer', token: 'from an editor' } },
    });
  });

  it('are refused when they make no sense, with what was expected', async () => {
    const table: readonly (readonly [readonly string[], string])[] = [
      [['--alternate-host', 'none', '--alternate-host', 'a.example'], 'contradicts'],
      [['--segment', 'https://a.x.example'], 'expected external=internal'],
      [['--hsts', 'yes'], 'whole number'],
      [['--hsts-subdomains', 'on'], 'needs --hsts'],
      [['--cors', 'missing.json'], 'cannot be read (ENOENT)'],
      [['--cors', 'no-list.json'], 'expected a JSON list'],
      [['--cors', 'off', '--cors-origin', 'https://a.example'], 'contradicts'],
      [['--cors-method', 'PUT'], 'at least one --cors-origin'],
      [['--max-body', '10MB'], 'expected bytes such as'],
      [['--origin-ca', 'missing.pem'], 'cannot be read (ENOENT)'],
      [['--origin-protocol', 'http2'], 'expected auto, http1, h2'],
      [['--bearer-tokens', 'on'], 'expected off'],
      [['--bearer-tokens', 'off', '--bearer-scope', 'x'], 'contradicts'],
      [['--bearer-header', 'cookie'], 'expected authorization, x-sallyport-authorization'],
      [['--claim-header', 'X-Department'], 'expected header=claim'],
      [['--claim-header', '=department'], 'expected header=claim'],
      [['--claim-header', 'off', '--claim-header', 'X-A=a'], 'contradicts'],
      [['--origin-auth', 'basic'], 'expected off, basic:<user>'],
      [['--origin-secret', '-'], 'needs --origin-auth'],
      [['--origin-auth', 'off', '--origin-secret', '-'], 'needs --origin-auth'],
      [['--origin-auth', 'bearer', '--origin-secret', 'missing.txt'], 'cannot be read (ENOENT)'],
      [['--origin-auth', 'bearer', '--origin-secret', 'empty.txt'], 'it is empty'],
      [['--origin-auth', 'bearer', '--token-scope', 'x'], 'needs --origin-auth token-exchange'],
      [['--origin-auth', 'token-exchange', '--token-client', 'x'], 'needs --token-endpoint'],
      [['--origin-auth', 'basic:svc', '--spn', 'HTTP/x'], '--spn needs --origin-auth kerberos'],
      [['--origin-auth', 'kerberos', '--origin-secret', '-'], 'does not go with --origin-auth kerberos'],
      [['--origin-auth', 'kerberos', '--delegated-login', 'sam'], 'expected upn, user-part or claim:<name>'],
      [['--origin-auth', 'kerberos', '--kerberos-mechanism', 'ntlm'], 'expected spnego, kerberos'],
    ];
    for (const [options, words] of table) expect(await refusal(...options), options.join(' ')).to.contain(words);
  });

  it('take no secret from a terminal, which would show it, and repeat none that stands in the wrong place', async () => {
    input = undefined;
    expect(await refusal('--origin-auth', 'bearer', '--origin-secret', '-')).to.contain('is a terminal here');
    expect(await refusal('--origin-auth', 'S3cret')).not.to.contain('S3cret');
    const withPassword = await refusal('--origin-auth', 'basic:svc:S3cret');
    expect(withPassword).to.contain('a user name has no colon');
    expect(withPassword).not.to.contain('S3cret');
  });
});
