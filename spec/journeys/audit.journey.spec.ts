import { type ChildProcess, spawn } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { connect, credsAuthenticator, type NatsConnection } from 'nats';
import type { AccessRecord } from '#libs/contracts';
import { until } from '../support/until.ts';
import { PROJECT_ROOT, sharedWorld, WORLD_TIMEOUT_MS, type World } from '../support/world.ts';

const RECORDED_WITHIN_MS = 10_000;
const DELIVERED_WITHIN_MS = 15_000;
const REFUSED_WITHIN_MS = 5000;

/** The reader as docs/siem.md prints it, to the letter. */
async function documentedReader(): Promise<string> {
  const text = await readFile(join(PROJECT_ROOT, 'docs', 'siem.md'), 'utf8');
  const blocks = [...text.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code ?? '');
  if (blocks.length !== 1 || blocks[0] === undefined) throw new Error(`docs/siem.md has ${blocks.length} readers`);
  return blocks[0];
}

describe('the trail of a running system', () => {
  let world: World;
  let reader: ChildProcess | undefined;
  let siem: NatsConnection | undefined;
  const readerFile = join(PROJECT_ROOT, '.cache', `documented-siem-reader-${process.pid}.mjs`);

  before(async function startWorld() {
    this.timeout(WORLD_TIMEOUT_MS);
    world = await sharedWorld();
  });

  after(async () => {
    reader?.kill('SIGKILL');
    await siem?.close();
    await rm(readerFile, { force: true });
  });

  const siemFiles = async () => {
    const { hubClient } = JSON.parse(await readFile(join(world.ready.dataDir, 'ports.json'), 'utf8')) as {
      hubClient: number;
    };
    const creds = join(world.ready.dataDir, 'nats', 'credentials', 'siem@siem.creds');
    return { hub: `127.0.0.1:${hubClient}`, creds };
  };
  const recordsOf = async (requestId: string) => {
    const answer = (await world.api('GET', `/access-records?requestId=${requestId}`)) as { records: AccessRecord[] };
    return answer.records;
  };
  const denyCarol = async () => {
    const denied = await (await world.signIn('carol', world.app('dumper').externalUrl)).get(
      `${world.app('dumper').externalUrl}headers.json`,
    );
    expect(denied.status).to.equal(403);
    return /dec_[a-z0-9]+/.exec(denied.body)?.[0] ?? 'no receipt';
  };

  it('holds one access record for each request, found by the id in its answer', async function findRecords() {
    this.timeout(RECORDED_WITHIN_MS * 2);
    const { externalUrl, id } = world.app('status');
    const dumper = world.app('dumper');
    const bob = await world.signIn('bob', dumper.externalUrl);
    const forwarded = await bob.get(`${dumper.externalUrl}headers.json?token=secret`);
    const answers = [
      { answer: await world.call(externalUrl), expected: { status: 200, outcome: 'forwarded', appId: id } },
      {
        answer: forwarded,
        expected: { outcome: 'forwarded', username: 'bob@sallyport.example', path: '/headers.json' },
      },
      { answer: await world.call(dumper.externalUrl), expected: { status: 401, outcome: 'denied', appId: dumper.id } },
      {
        answer: await world.call(dumper.externalUrl.replace('dumper', 'nobody')),
        expected: { status: 404, appId: null },
      },
    ];
    const ids = answers.map(({ answer }) => String(answer.headers['x-request-id']));
    expect(new Set(ids).size).to.equal(answers.length);
    for (const [index, { expected }] of answers.entries()) {
      const requestId = ids[index] ?? '';
      await until(async () => (await recordsOf(requestId)).length > 0, {
        deadlineMs: RECORDED_WITHIN_MS,
        what: `record of ${requestId}`,
      });
      const records = await recordsOf(requestId);
      expect(records).to.have.length(1);
      expect(records[0]).to.deep.include({ requestId, method: 'GET', address: '127.0.0.1', ...expected });
      expect(JSON.stringify(records)).not.to.contain('secret');
    }
  });

  it('reaches a SIEM by the reader that docs/siem.md prints', async function readAsDocumented() {
    this.timeout(DELIVERED_WITHIN_MS + 15_000);
    // Beside the packages of the project, where a reader with its own `npm i` would find them.
    await writeFile(readerFile, await documentedReader());
    const { hub, creds } = await siemFiles();
    const child = spawn(process.execPath, [readerFile], {
      env: { PATH: process.env.PATH, HUB: hub, CREDS: creds, CA: world.ready.caFile },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    reader = child;
    const events: { type: string; subject: string; category: string }[] = [];
    let complaint = '';
    createInterface({ input: child.stdout }).on('line', (line) => events.push(JSON.parse(line) as (typeof events)[0]));
    child.stderr.on('data', (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    const receipt = await denyCarol();
    const find = () => events.filter(({ subject }) => subject === receipt);
    await until(() => find().length > 0 || child.exitCode !== null, {
      deadlineMs: DELIVERED_WITHIN_MS,
      what: `AccessDenied ${receipt} at the SIEM; it said ${complaint}`,
    });
    expect(find().map(({ type, category }) => [type, category])).to.deep.equal([
      ['io.sallyport.access-decision.access-denied', 'access'],
    ]);
    expect(complaint).to.equal('');
  });

  it('gives a SIEM credentials that can do nothing but read', async function tryMore() {
    this.timeout(REFUSED_WITHIN_MS * 4);
    const { hub, creds } = await siemFiles();
    const authenticator = credsAuthenticator(await readFile(creds));
    const nc = await connect({
      servers: hub,
      authenticator,
      tls: { caFile: world.ready.caFile },
      inboxPrefix: '_INBOX_siem',
    });
    siem = nc;
    for (const subject of ['evt.main.>', 'tun.main.>', 'core.>', '_INBOX.>', '$SYS.>', '>']) {
      const refusal = await new Promise<Error | null>((resolve) => {
        nc.subscribe(subject, { callback: (error) => resolve(error) });
        void nc.flush().then(() => setTimeout(() => resolve(null), REFUSED_WITHIN_MS).unref());
      });
      expect(refusal?.message, `subscribe ${subject}`).to.match(/permissions violation/i);
    }
    for (const subject of [
      'core.JS.API.STREAM.DELETE.AUDIT',
      'core.JS.API.STREAM.PURGE.AUDIT',
      'core.JS.API.CONSUMER.CREATE.AUDIT',
      'core.JS.API.CONSUMER.DELETE.AUDIT.siem',
      'core.JS.API.STREAM.NAMES',
      '$JS.API.INFO',
    ]) {
      const refused = await nc.request(subject, '', { timeout: REFUSED_WITHIN_MS }).then(
        () => null,
        (error: Error) => `${error.message} ${error.cause instanceof Error ? error.cause.message : ''}`,
      );
      expect(refused, `ask ${subject}`).to.match(/permissions violation|no responders/i);
    }
  });
});
