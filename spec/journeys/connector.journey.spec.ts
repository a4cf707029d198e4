import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { AccessRecord, ConnectorView } from '#libs/contracts';
import type { AnnouncedApp } from '../../services/launcher/src/announcement.ts';
import { writeTlsCertificate } from '../support/tls-certificate.ts';
import { until } from '../support/until.ts';
import { PROJECT_ROOT, sharedWorld, WORLD_TIMEOUT_MS, type World } from '../support/world.ts';
import { descendants, isRunning, listeningAddresses } from './support/processes.ts';
import { type Background, runProgram, startProgram } from './support/run-program.ts';

const EXIT_REFUSED = 3;
const ONLINE_WITHIN_MS = 20_000;
const EFFECT_WITHIN_MS = 15_000;
/** A request that meets a dead connector is dispatched again; it may take this long. */
const REQUEST_LIMIT_MS = 5000;
const REQUESTS = 40;

describe('a second connector', function secondConnector() {
  this.timeout(60_000);
  let world: World;
  let folder: string;
  let origin: Server;
  let app: AnnouncedApp;
  let connectorId: string;
  let running: Background | undefined;
  const started: number[] = [];

  before(async function startWorld() {
    this.timeout(WORLD_TIMEOUT_MS);
    world = await sharedWorld();
    folder = await mkdtemp(join(tmpdir(), 'sallyport-connector-'));
    origin = createServer((_request, response) => response.end('served'));
    await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
    app = await world.publish({
      name: 'two-connectors',
      internalUrl: `http://127.0.0.1:${(origin.address() as { port: number }).port}/`,
      preauthentication: 'passthrough',
    });
  });

  after(async () => {
    await running?.end();
    for (const pid of started.filter(isRunning)) process.kill(pid, 'SIGKILL');
    origin?.close();
    origin?.closeAllConnections();
    await world.retire(app);
    await rm(folder, { recursive: true, force: true });
  });

  const cli = [join(PROJECT_ROOT, 'scripts', 'sallyport.mjs'), 'connector'];
  const stateDir = () => join(folder, 'east');
  const register = (token: string, directory: string, ...more: string[]) => {
    const service = ['--service', world.system.connectorEndpointUrl, '--ca-file', world.ready.caFile];
    const options = ['--name', 'east', '--state-dir', directory, '--token-stdin', '--json'];
    return runProgram(process.execPath, [...cli, 'register', ...service, ...options, ...more], { stdin: token });
  };
  const view = async () => (await world.api('GET', `/connectors/${connectorId}`)) as ConnectorView;
  const isOnline = async () => (await view()).presence === 'online';
  const runConnector = async () => {
    const since = new Date().toISOString();
    const one = startProgram(process.execPath, [...cli, 'run', '--state-dir', stateDir()]);
    running = one;
    const isHeard = async () => (await isOnline()) && ((await view()).lastSeenAt ?? '') >= since;
    await until(isHeard, {
      deadlineMs: ONLINE_WITHIN_MS,
      everyMs: 50,
      what: `connector is online; it said ${one.lines.slice(-5).join('\n')}`,
    });
    started.push(...descendants(one.child.pid ?? 0));
    return one;
  };
  const request = () => world.call(app.externalUrl, { timeoutMs: REQUEST_LIMIT_MS });
  /** Which connectors served these many requests, from their access records. */
  const servedBy = async (count: number) => {
    const answers = await Promise.all(Array.from({ length: count }, request));
    expect(new Set(answers.map(({ status }) => status))).to.deep.equal(new Set([200]));
    const connectors = new Set<string | null>();
    for (const { headers } of answers) {
      const find = async () => {
        const path = `/access-records?requestId=${String(headers['x-request-id'])}`;
        return ((await world.api('GET', path)) as { records: AccessRecord[] }).records[0];
      };
      await until(async () => (await find()) !== undefined, { what: 'access record' });
      connectors.add((await find())?.connectorId ?? null);
    }
    return connectors;
  };
  /** Certificate and key offered to the hub's leaf port; resolves with its greeting, null when it hangs up. */
  const greetingFor = async (cert: string, key: string) => {
    const ports = JSON.parse(await readFile(join(world.ready.dataDir, 'ports.json'), 'utf8')) as { hubLeaf: number };
    return new Promise<string | null>((resolve) => {
      const socket = connect({
        host: '127.0.0.1',
        port: ports.hubLeaf,
        servername: 'localhost',
        ca: world.ca,
        cert,
        key,
      });
      socket.setTimeout(EFFECT_WITHIN_MS, () => socket.destroy());
      socket.once('data', (data: Buffer) => {
        resolve(data.toString());
        socket.destroy();
      });
      socket.once('error', () => resolve(null));
      socket.once('close', () => resolve(null));
    });
  };

  it('is refused to somebody who is no administrator, and nothing is left on the disk', async () => {
    const directory = join(folder, 'refused');
    const { code, out, err } = await register(await world.token('bob', 'Connector.Register'), directory);
    expect({ code, out }).to.deep.equal({ code: EXIT_REFUSED, out: '' });
    expect(err).to.match(/administrator/i);
    expect(existsSync(directory)).to.equal(false);
    const { code: forged } = await register('eyJhbGciOiJub25lIn0.e30.', directory);
    expect(forged).to.equal(EXIT_REFUSED);
    expect(existsSync(directory)).to.equal(false);
    const { connectors } = (await world.api('GET', '/connectors')) as { connectors: ConnectorView[] };
    expect(connectors.map(({ name }) => name)).to.deep.equal(['embedded']);
  });

  it('is registered with the token of an administrator', async () => {
    const token = await world.token('alice', 'Connector.Register');
    const { code, out, err } = await register(token, stateDir(), '--group', 'default');
    expect({ code, err }).to.deep.equal({ code: 0, err: '' });
    const registered = JSON.parse(out) as { event: string; connectorId: string };
    expect(registered).to.include({ event: 'registered', name: 'east', connectorGroupId: 'default' });
    ({ connectorId } = registered);
    expect(await view()).to.include({ name: 'east', status: 'active' });
  });

  it('serves beside the first, and listens on nothing but loopback', async () => {
    const { child } = await runConnector();
    const ids = new Set<string | null>();
    await until(
      async () => {
        for (const id of await servedBy(REQUESTS)) ids.add(id);
        return ids.size > 1;
      },
      { deadlineMs: EFFECT_WITHIN_MS, what: 'both connectors serve' },
    );
    expect(ids).to.include(connectorId);
    const addresses = listeningAddresses([child.pid ?? 0, ...descendants(child.pid ?? 0)]);
    expect(addresses.filter((address) => !address.startsWith('127.0.0.1:'))).to.deep.equal([]);
  });

  it('may die with its whole host: requests go on, and it needs no new registration', async () => {
    const victims = descendants(running?.child.pid ?? 0);
    const requests = Array.from({ length: REQUESTS }, async (_, index) => {
      if (index === REQUESTS / 4) for (const pid of victims) process.kill(pid, 'SIGKILL');
      return (await request()).status;
    });
    const during = await Promise.all(requests);
    for (let index = 0; index < REQUESTS; index += 1) during.push((await request()).status);
    expect(new Set(during)).to.deep.equal(new Set([200]));
    await running?.end();
    await until(async () => !(await isOnline()), { deadlineMs: EFFECT_WITHIN_MS, what: 'it is seen to be gone' });
    await runConnector();
  });

  it('serves its own group alone once an app and it are moved there', async () => {
    await world.api('POST', '/connector-groups', { id: 'east', name: 'East' });
    await world.api('PATCH', `/connectors/${connectorId}`, { connectorGroupId: 'east' });
    await world.api('PATCH', `/apps/${app.id}`, { connectorGroupId: 'east' });
    const isMoved = async () => (await request()).status === 200 && (await servedBy(1)).has(connectorId);
    await until(isMoved, { deadlineMs: EFFECT_WITHIN_MS, everyMs: 100, what: 'east serves' });
    expect([...(await servedBy(REQUESTS))]).to.deep.equal([connectorId]);
    expect((await world.call(world.app('status').externalUrl)).status).to.equal(200);
  });

  it('is greeted at the leaf port with its certificate, and nobody with one of another authority', async () => {
    const [cert, key] = await Promise.all(['connector.crt', 'connector.key'].map((name) => readText(stateDir(), name)));
    expect(await greetingFor(cert ?? '', key ?? '')).to.match(/^INFO /);
    const other = await writeTlsCertificate(folder, ['east']);
    expect(await greetingFor(other.cert, other.key)).to.equal(null);
  });

  it('is cut off when it is revoked, and refused when it comes again', async () => {
    await world.api('DELETE', `/connectors/${connectorId}?reason=stolen`);
    await until(async () => (await request()).status === 503, { deadlineMs: EFFECT_WITHIN_MS, what: 'app is cut off' });
    expect((await request()).json()).to.include({ code: 'SP-1302' });
    await running?.end();
    const again = startProgram(process.execPath, [...cli, 'run', '--state-dir', stateDir()]);
    running = again;
    const isTold = () =>
      again.lines.some((line) => line.includes('configuration refused: this connector may be revoked'));
    await until(isTold, { deadlineMs: EFFECT_WITHIN_MS, what: `refusal; it said ${again.lines.slice(-3).join('\n')}` });
    const isHungUpOn = () => again.lines.some((line) => line.includes('Authorization Violation'));
    await until(isHungUpOn, { deadlineMs: EFFECT_WITHIN_MS, what: 'the hub refuses its link' });
    started.push(...descendants(again.child.pid ?? 0));
    expect(await view()).to.include({ status: 'revoked' });
    expect(await isOnline()).to.equal(false);
    expect((await request()).status).to.equal(503);
  });
});

function readText(directory: string, name: string): Promise<string> {
  return readFile(join(directory, name), 'utf8');
}
