import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { Secret } from '#libs/config';
import type { ConnectorConfiguration } from '#libs/contracts';
import { type ConfigReceiver, startConfigReceiver } from '../../../services/connector/src/config-receiver.ts';
import { enroll } from '../../../services/connector/src/enrollment/enroll.ts';
import { statePaths } from '../../../services/connector/src/state-directory.ts';
import { until } from '../../libs/tunnel-protocol/tunnel-pair.ts';
import { ADMIN_TOKEN, CONNECTOR_ID, configurationOf, type FakeService, startFakeService } from './fake-service.ts';
import { originConfig, silentLogger } from './origin-world.ts';

describe('the configuration a connector pulls', () => {
  let service: FakeService;
  let folder: string;
  let file: string;
  let receiver: ConfigReceiver | undefined;
  let applied: ConnectorConfiguration[];
  const state = () => statePaths(join(folder, 'state'));

  beforeEach(async () => {
    service = await startFakeService();
    folder = mkdtempSync(join(tmpdir(), 'sallyport-config-'));
    file = join(folder, 'configuration.json');
    applied = [];
    await enroll({
      service: service.url,
      name: 'spec',
      machineName: 'host',
      connectorGroupId: null,
      stateDir: state().directory,
      endpointTrust: service.ca,
      force: false,
      acquireToken: () => Promise.resolve(new Secret(ADMIN_TOKEN)),
    });
    service.requests.length = 0;
  });
  afterEach(async () => {
    await receiver?.stop();
    receiver = undefined;
    await service.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const start = async (saved?: string) => {
    receiver = await startConfigReceiver({
      connectorId: CONNECTOR_ID,
      url: `${service.url}/v1/configuration`,
      trust: [service.ca],
      identity: {
        certificate: readFileSync(state().certificate, 'utf8'),
        privateKey: readFileSync(state().privateKey, 'utf8'),
      },
      file,
      saved,
      logger: silentLogger,
      onConfiguration: (configuration) => applied.push(configuration),
    });
    return receiver;
  };
  const versions = () => applied.map((one) => one.version);

  it('is applied whole and kept on disk', async () => {
    service.configuration = configurationOf({ version: 7, apps: [originConfig('http://a/')] });
    await start();
    expect(applied).to.deep.equal([service.configuration]);
    expect(JSON.parse(readFileSync(file, 'utf8'))).to.deep.equal(service.configuration);
  });

  it('is ignored when older, and asked for only when changed', async () => {
    service.configuration = configurationOf({ version: 7 });
    const started = await start();
    await started.refresh();
    service.configuration = configurationOf({ version: 6 });
    await started.refresh();
    service.configuration = configurationOf({ version: 8 });
    await started.refresh();
    expect(versions()).to.deep.equal([7, 8]);
  });

  it('is applied anew when the keys of assertions change, though its version does not', async () => {
    const trust = (kid: string) => ({ issuer: 'https://login.example', keys: [{ kty: 'EC', kid }] });
    service.configuration = configurationOf({ version: 7, assertions: trust('one') });
    const started = await start();
    service.configuration = configurationOf({ version: 7, assertions: trust('two') });
    await started.refresh();
    await started.refresh();
    expect(applied.map(({ assertions }) => assertions?.keys[0]?.kid)).to.deep.equal(['one', 'two']);
    expect(JSON.parse(readFileSync(file, 'utf8'))).to.deep.include({ assertions: trust('two') });
  });

  it('keeps the keys of assertions it had when newer ones are not known, as long as an app needs them', async () => {
    const assertions = { issuer: 'https://login.example', keys: [{ kty: 'EC', kid: 'one' }] };
    const kerberos = { servicePrincipalName: 'HTTP/wiki', realm: null, mechanism: 'spnego' } as const;
    const apps = [originConfig('http://wiki/', { kerberos })];
    service.configuration = configurationOf({ version: 7, apps, assertions });
    const started = await start();
    for (const version of [7, 8]) {
      service.configuration = configurationOf({ version, apps, assertions: null });
      await started.refresh();
      expect(started.current).to.deep.include({ version, assertions });
    }
    expect(JSON.parse(readFileSync(file, 'utf8'))).to.deep.include({ version: 8, assertions });
    service.configuration = configurationOf({ version: 9, assertions: null });
    await started.refresh();
    expect(started.current).to.deep.include({ version: 9, assertions: null });
  });

  it('is ignored when it does not fit the contract or is for another connector', async () => {
    service.configuration = configurationOf({ version: 7 });
    const started = await start();
    service.configuration = { ...configurationOf({ version: 8 }), apps: [{ appId: 'x' }] } as never;
    await started.refresh();
    service.configuration = configurationOf({ version: 9, connectorId: 'con_other' });
    await started.refresh();
    expect(versions()).to.deep.equal([7]);
    expect(JSON.parse(readFileSync(file, 'utf8'))).to.deep.include({ version: 7 });
  });

  it('is the last good one while the endpoint is away, and the newer one afterwards', async () => {
    service.configurationStatus = 503;
    const started = await start(JSON.stringify(configurationOf({ version: 3 })));
    expect(versions()).to.deep.equal([3]);
    service.configurationStatus = 200;
    service.configuration = configurationOf({ version: 4 });
    await started.refresh();
    expect(versions()).to.deep.equal([3, 4]);
  });

  it('is not taken from a file that is damaged or of another connector', async () => {
    service.configurationStatus = 503;
    const started = await start('{"version":');
    expect(started.current).to.equal(undefined);
    await started.stop();
    const other = await start(JSON.stringify(configurationOf({ connectorId: 'con_other' })));
    expect(other.current).to.equal(undefined);
  });

  it('is pulled once for many notices, and once more for notices that come during a pull', async () => {
    service.configuration = configurationOf({ version: 1 });
    const started = await start();
    const pulls = () => service.requests.length;
    const before = pulls();
    const first = Array.from({ length: 50 }, () => started.refresh());
    await until(() => pulls() === before + 1, 'the pull for all of them');
    for (let i = 0; i < 50; i += 1) void started.refresh();
    await Promise.all(first);
    await until(() => pulls() === before + 2, 'the pull after the late notices');
    await started.stop();
    expect(pulls()).to.equal(before + 2);
  });
});
