import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../bench/free-port.mjs';
import { requireCommand } from '../../bootstrap/run-command.mjs';
import { ask } from '../ask.mjs';
import { patternBlocks } from '../pattern.mjs';
import { Checks } from '../suite.mjs';
import { requireNpmPackage, requireProgram } from '../tools.mjs';
import { hashOf } from './git.mjs';
import { expectEqual } from './size-ladder.mjs';

/** Of a line that runs on Node.js 20. It asks for the tag `cjs` of node-fetch, which is not there any more. */
const VERDACCIO = { name: 'verdaccio', version: '6.1.6', overrides: { 'node-fetch': '2.7.0' } };
const PRELOAD = fileURLToPath(new URL('../loopback.cjs', import.meta.url));
const START_LIMIT_MS = 30_000;
const TIMEOUT_MS = 120_000;
const PAYLOAD_BYTES = 20_000_000;
const ACCOUNT = { name: 'ada', password: 'a registry password' };

/** @type {import('../suite.mjs').Suite} */
export const npm = {
  name: 'npm',
  judges: 'npm publish (20 MB) and install with the registry Verdaccio under a foreign host name',
  limitMs: 300_000,
  run: async (context) => {
    const program = await requireProgram('npm', ['npm'], { env: context.env });
    const verdaccio = await startVerdaccio(context);
    try {
      // Verdaccio makes addresses from the Host it is asked for: it must see the external one.
      const front = await context.publish('registry', verdaccio.url, { translateHeaders: false });
      const user = Buffer.from(JSON.stringify(ACCOUNT));
      const answer = await ask(front, {
        method: 'PUT',
        path: `/-/user/org.couchdb.user:${ACCOUNT.name}`,
        headers: { 'content-type': 'application/json', 'content-length': user.length },
        body: [user],
      });
      expectEqual('status of a new account', answer.status, 201);
      const { token } = JSON.parse(answer.body.toString());
      const home = join(context.folder, 'npm-client');
      const [source, target] = [join(home, 'source'), join(home, 'target')];
      const rc = `registry=${front.url}\ncafile=${front.caFile}\n//${front.host}:${front.port}/:_authToken=${token}\naudit=false\nfund=false\nfetch-retries=0\nupdate-notifier=false\n`;
      for (const folder of [home, source, target]) {
        mkdirSync(folder);
        writeFileSync(join(folder, '.npmrc'), rc);
      }
      const env = { PATH: context.env.PATH, HOME: home, NODE_OPTIONS: `--require ${PRELOAD}` };
      /**
       * @param {string} cwd
       * @param {readonly string[]} args
       */
      const run = (cwd, args) => requireCommand(program, args, { timeoutMs: TIMEOUT_MS, cwd, env });
      writeFileSync(join(source, 'payload.bin'), Buffer.concat([...patternBlocks(PAYLOAD_BYTES)]));
      writeFileSync(join(source, 'package.json'), JSON.stringify({ name: 'tunneled', version: '1.0.0' }));
      writeFileSync(join(target, 'package.json'), JSON.stringify({ private: true }));
      const checks = new Checks();
      await checks.attempt('npm publish', async () => void (await run(source, ['publish'])));
      await checks.attempt('npm view', async () => {
        const { stdout } = await run(target, ['view', 'tunneled', 'dist.tarball']);
        if (!stdout.startsWith(front.url))
          throw new Error(`the tarball is at ${stdout.trim()}, expected below ${front.url}`);
      });
      await checks.attempt('npm install gives the same bytes', async () => {
        await run(target, ['install', 'tunneled']);
        const installed = join(target, 'node_modules', 'tunneled', 'payload.bin');
        expectEqual('SHA-256', await hashOf(installed), await hashOf(join(source, 'payload.bin')));
      });
      await checks.attempt('npm refuses to publish the same version twice', async () => {
        const said = await run(source, ['publish']).then(
          () => '',
          (error) => String(error),
        );
        if (!/409|EPUBLISHCONFLICT|previously published/.test(said))
          throw new Error(`said ${said.slice(0, 200) || 'nothing'}`);
      });
      const version = (await run(home, ['--version'])).stdout.trim();
      checks.notes.push(`Verdaccio ${VERDACCIO.version}`);
      return checks.outcome(`npm ${version}`);
    } finally {
      await verdaccio.stop();
    }
  },
};

/** @param {import('../world.mjs').Context} context */
async function startVerdaccio({ folder, children, env }) {
  const installed = await requireNpmPackage(VERDACCIO);
  const own = join(folder, 'verdaccio');
  mkdirSync(own);
  const config = join(own, 'config.yaml');
  writeFileSync(
    config,
    `storage: ${join(own, 'storage')}
auth: { htpasswd: { file: ${join(own, 'htpasswd')}, max_users: 10 } }
uplinks: {}
packages: { '**': { access: $all, publish: $authenticated } }
max_body_size: 200mb
log: { type: stdout, format: json, level: warn }
`,
  );
  const port = await freePort();
  const args = [join(installed, 'bin', 'verdaccio'), '--config', config, '--listen', `127.0.0.1:${port}`];
  const child = children.start('verdaccio', process.execPath, args, {
    cwd: own,
    env: { PATH: env.PATH, HOME: own, NODE_ENV: 'production' },
  });
  const deadline = Date.now() + START_LIMIT_MS;
  while ((await ask(port, { path: '/-/ping' }).catch(() => undefined)) === undefined) {
    if (!child.isRunning() || Date.now() > deadline) throw new Error(`verdaccio did not start: ${child.lastWords()}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return { url: `http://127.0.0.1:${port}/`, stop: () => child.stop() };
}
