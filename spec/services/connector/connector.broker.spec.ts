import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { downSubject, HEARTBEAT_WILDCARD, parseHeartbeat } from '#libs/tunnel-protocol';
import { GROUP, until } from '../../libs/tunnel-protocol/tunnel-pair.ts';
import { ConnectorWorld } from './connector-world.ts';
import { configurationOf } from './fake-service.ts';
import { originConfig, type RunningOrigin, request, startOrigin } from './origin-world.ts';

describe('a running connector', function () {
  this.timeout(30_000);
  let world: ConnectorWorld;
  let origin: RunningOrigin;

  beforeEach(async () => {
    world = await ConnectorWorld.start();
    origin = await startOrigin((req, res) => res.end(`${req.method} ${req.url}`));
    world.service.configuration = configurationOf({ apps: [originConfig(origin.url)] });
    await world.register();
  });
  afterEach(async () => {
    await world.stop();
    await origin.stop();
  });

  const get = (target = '/') => world.pair.fetch(request('GET', target));
  const answers = async (group: string) =>
    (await world.pair.fetch({ ...request('GET', '/x'), group })).body.toString() === 'GET /x';
  /** The hub learns of a subscription a moment after the connector made it. */
  const untilAnswered = async (group = GROUP) => {
    for (const deadline = Date.now() + 10_000; !(await answers(group)); )
      if (Date.now() > deadline) throw new Error('no answer within 10 s');
  };

  const notice = async (version: number) => {
    world.ingress.publish(downSubject('con_spec', 'routing', 'config'), '');
    await until(() => world.messages('configuration applied').some((line) => line.version === version), 'the version');
  };

  it('dials out, joins its group and answers from its origin', async () => {
    const connector = await world.run();
    expect(connector.ready).to.include({ connectorId: 'con_spec', status: 'active', isLinked: true });
    expect((await get('/x')).body.toString()).to.equal('GET /x');
  });

  it('listens nowhere but on one loopback port', async () => {
    await world.run();
    const pid = readFileSync(`${world.paths.run}/leaf.pid`, 'utf8').trim();
    expect(listeningAddresses(pid)).to.have.length(1);
    expect(listeningAddresses(pid)[0]).to.match(/^0100007F:/);
  });

  it('refuses to run twice from one state directory', async () => {
    await world.run();
    const second = await world.run().catch((failure: Error) => failure);
    expect(second).to.include({ code: 'ERR_CONFIG_CONNECTOR_STATE' });
    await untilAnswered();
  });

  it('starts its leaf again when it dies, and serves again', async () => {
    await world.run();
    const pid = Number(readFileSync(`${world.paths.run}/leaf.pid`, 'utf8'));
    process.kill(pid, 'SIGKILL');
    await until(() => world.messages('leaf restarted').length === 1, 'the restart', 10_000);
    await untilAnswered();
    expect(world.messages('leaf ended')[0]).to.include({ how: 'signal SIGKILL' });
    // A later leaf may get the process id of this one, and must not find its port.
    const leafPid = Number(readFileSync(`${world.paths.run}/leaf.pid`, 'utf8'));
    const portsFiles = readdirSync(world.paths.run).filter((name) => name.endsWith('.ports'));
    expect(portsFiles).to.have.length(1);
    expect(portsFiles[0]).to.match(new RegExp(`_${leafPid}\\.ports$`));
  });

  it('tells the ingresses that its link is another, after its leaf died and after the hub was away', async () => {
    let relinked = 0;
    world.ingress.subscribe(HEARTBEAT_WILDCARD, {
      callback: (_error, message) => {
        if (parseHeartbeat(message.data)?.isRelinked === true) relinked += 1;
      },
    });
    await world.run();
    process.kill(Number(readFileSync(`${world.paths.run}/leaf.pid`, 'utf8')), 'SIGKILL');
    await until(() => relinked === 1, 'the word of the new leaf', 5_000);
    await world.hub.halt();
    await world.hub.restart();
    await until(() => relinked === 2, 'the word of the new link', 10_000);
  });

  it('says once that the hub is lost and once that it is back, and serves again', async () => {
    await world.run();
    await world.hub.halt();
    await until(
      () => world.messages('hub link lost: no request arrives until it is back').length === 1,
      'the loss',
      10_000,
    );
    await world.hub.restart();
    await until(() => world.messages('hub link up').length === 2, 'the return', 15_000);
    await untilAnswered();
    expect(world.messages('hub link lost: no request arrives until it is back')).to.have.length(1);
  });

  it('takes a changed configuration after a notice', async () => {
    await world.run();
    world.service.configuration = configurationOf({
      version: 2,
      apps: [originConfig(origin.url, { appId: 'app_two' })],
    });
    await notice(2);
    expect((await world.pair.fetch(request('GET', '/', { appId: 'app_two' }))).head?.status).to.equal(200);
    expect((await get()).failure?.refusal).to.equal('stale-configuration');
  });

  it('moves to another group without dropping what runs', async () => {
    await world.run();
    await untilAnswered();
    world.service.configuration = configurationOf({
      version: 2,
      connectorGroupId: 'group-b',
      queue: 'other-queue',
      apps: [originConfig(origin.url)],
    });
    await notice(2);
    await untilAnswered('group-b');
    expect((await get()).failure?.reason).to.equal('no-connector');
  });

  it('serves nothing while pending, and starts when a group is assigned', async () => {
    world.service.configuration = configurationOf({
      version: 2,
      status: 'pending',
      connectorGroupId: null,
      queue: null,
    });
    await world.run();
    expect((await get()).failure?.reason).to.equal('no-connector');
    world.service.configuration = configurationOf({ version: 3, apps: [originConfig(origin.url)] });
    await notice(3);
    await untilAnswered();
  });

  it('starts from its last good configuration while the endpoint is away', async () => {
    world.service.configurationStatus = 503;
    await world.run();
    await untilAnswered();
    expect(world.messages('configuration not pulled')).to.have.length(1);
  });

  it('finishes running requests when drained, then ends its leaf', async () => {
    let finish: (() => void) | undefined;
    const slow = await startOrigin((_req, res) => {
      finish = () => res.end('late');
    });
    world.service.configuration = configurationOf({ version: 2, apps: [originConfig(slow.url)] });
    const connector = await world.run();
    const running = get();
    await until(() => finish !== undefined, 'the request at the origin');
    const pid = Number(readFileSync(`${world.paths.run}/leaf.pid`, 'utf8'));
    const drained = connector.drain();
    finish?.();
    expect((await running).body.toString()).to.equal('late');
    await drained;
    await connector.stop();
    expect(() => process.kill(pid, 0)).to.throw();
    await slow.stop();
  });

  it('refuses to start with every problem named when its state is damaged', async () => {
    writeFileSync(world.paths.certificate, 'garbage');
    const error = await world.run().catch((failure: Error) => failure);
    expect(error).to.include({ code: 'ERR_CONFIG_CONNECTOR_CHECKS' });
    expect((error as Error).message).to.match(/not readable PEM/);
  });
});

/** Addresses a process listens on, as the kernel writes them: 0100007F is 127.0.0.1. */
function listeningAddresses(pid: string): string[] {
  const links = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  const tables = ['tcp', 'tcp6'].flatMap((name) =>
    readFileSync(`/proc/${pid}/net/${name}`, 'utf8').split('\n').slice(1),
  );
  return tables
    .map((line) => line.trim().split(/\s+/))
    .filter((row) => row[3] === '0A' && links.includes(`socket:[${row[9]}]`))
    .map((row) => row[1] ?? '');
}
