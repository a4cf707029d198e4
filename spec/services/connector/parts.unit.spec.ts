import { expect } from 'chai';
import { describe, it } from 'mocha';
import { parseCommand } from '../../../services/connector/src/arguments.ts';
import { originFailure } from '../../../services/connector/src/origins/origin-failure.ts';
import { createOriginTable } from '../../../services/connector/src/origins/origin-table.ts';
import { findNatsServer, isAtLeast } from '../../../services/connector/src/supervisor/find-nats-server.ts';
import { leafConfigText } from '../../../services/connector/src/supervisor/leaf-config.ts';
import { createRestartPolicy, RESTART_MAX_MS } from '../../../services/connector/src/supervisor/restart-policy.ts';
import { originConfig } from './origin-world.ts';

describe('the restart policy of the leaf', () => {
  it('doubles its pauses up to a ceiling while the leaf does not live', () => {
    const policy = createRestartPolicy(() => 1);
    const pauses = Array.from({ length: 9 }, () => policy.nextDelayMs(0));
    expect(pauses).to.deep.equal([250, 500, 1000, 2000, 4000, 8000, 16_000, RESTART_MAX_MS, RESTART_MAX_MS]);
  });

  it('resets after a stable run and not after a mere start', () => {
    const policy = createRestartPolicy(() => 1);
    expect([0, 59_999, 60_000].map((livedMs) => policy.nextDelayMs(livedMs))).to.deep.equal([250, 500, 250]);
  });

  it('spreads restarts over the upper half of each pause', () => {
    expect(createRestartPolicy(() => 0).nextDelayMs(0)).to.equal(125);
  });
});

describe('the origin table', () => {
  it('leaves out apps whose URLs are no web addresses', () => {
    const apps = ['file:///etc/passwd', 'not a url', 'ftp://host/'].map((url, i) =>
      originConfig(url, { appId: `app_${i}` }),
    );
    expect(createOriginTable(apps).size).to.equal(0);
  });
});

describe('causes of a failed origin call', () => {
  for (const [code, reason] of [
    ['ENOTFOUND', 'origin-dns'],
    ['EAI_AGAIN', 'origin-dns'],
    ['ECONNREFUSED', 'origin-refused'],
    ['ETIMEDOUT', 'origin-connect-timeout'],
    ['EHOSTUNREACH', 'origin-unreachable'],
    ['CERT_HAS_EXPIRED', 'origin-tls'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'origin-tls'],
    ['EPROTO', 'origin-tls'],
    ['EPIPE', 'origin-aborted'],
    ['SOMETHING_ELSE', 'internal'],
  ] as const) {
    it(`${code} is ${reason}`, () => {
      expect(originFailure(Object.assign(new Error('x'), { code }))).to.equal(reason);
    });
  }

  it('is that of the first address when all of them failed', () => {
    const refused = Object.assign(new Error('x'), { code: 'ECONNREFUSED' });
    expect(originFailure(new AggregateError([refused]))).to.equal('origin-refused');
  });
});

describe('the nats-server of a connector', () => {
  it('must be 2.14 or newer', () => {
    expect(['2.10.27', '2.13.9', '2.14.0', '2.15.1', '3.0.0'].map((one) => isAtLeast(one, '2.14.0'))).to.deep.equal([
      false,
      false,
      true,
      true,
      true,
    ]);
  });

  it('is missed with a remedy', async () => {
    const error = await findNatsServer({ named: process.execPath, searchPath: undefined, programDir: '/' }).catch(
      (failure: Error) => failure,
    );
    expect(error).to.include({ code: 'ERR_CONNECTOR_NATS_SERVER' });
    expect((error as Error).message).to.match(/2\.14\.0 or newer.*set SALLYPORT_NATS_SERVER/);
  });

  it('gets values that cannot break out of its configuration', () => {
    const text = leafConfigText({
      serverName: 'con"\n}\nhttp: 8222',
      port: -1,
      password: 'p',
      systemPassword: 's',
      portsDirectory: '/a "b"',
      leafAddresses: ['tls://hub:7422'],
      credentialsFile: 'c',
      certificateFile: 'd',
      keyFile: 'e',
      trustFile: 'f',
    });
    expect(text).to.include('server_name: "con\\"\\n}\\nhttp: 8222"');
    expect(text).to.include('ports_file_dir: "/a \\"b\\""');
  });
});

describe('the arguments of the connector', () => {
  const codeOf = (argv: string[]) => {
    try {
      return parseCommand(argv).kind;
    } catch (error) {
      return (error as { code: string }).code;
    }
  };

  it('are understood', () => {
    expect(
      parseCommand(['register', '--service', 'https://a:1', '--group', 'g', '--token-stdin', '--force']),
    ).to.include({
      kind: 'register',
      service: 'https://a:1',
      group: 'g',
      isTokenOnStdin: true,
      force: true,
    });
    expect(parseCommand(['run', '--state-dir', '/x'])).to.deep.equal({ kind: 'run', stateDir: '/x' });
    expect([codeOf([]), codeOf(['run', '--help'])]).to.deep.equal(['help', 'help']);
  });

  it('are refused when wrong', () => {
    for (const argv of [
      ['register'],
      ['register', '--service', 'http://a'],
      ['register', '--service', 'https://a', '--token', 'x', '--token-stdin'],
      ['run', '--what'],
      ['drive'],
    ])
      expect(codeOf(argv), argv.join(' ')).to.equal('ERR_CONNECTOR_USAGE');
  });
});
