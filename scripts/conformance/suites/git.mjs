import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { requireCommand } from '../../bootstrap/run-command.mjs';
import { startApache } from '../apache.mjs';
import { patternBlocks } from '../pattern.mjs';
import { Checks } from '../suite.mjs';
import { requireProgram } from '../tools.mjs';
import { expectEqual } from './size-ladder.mjs';

const TIMEOUT_MS = 120_000;
const FILE_BYTES = 30 * 1024 * 1024;
const SMALL_FILES = 300;

/** @type {import('../suite.mjs').Suite} */
export const git = {
  name: 'git',
  judges: 'git push (chunked, 30 MB) and clone over smart HTTP under a foreign host name',
  limitMs: 300_000,
  run: async (context) => {
    const program = await requireProgram('git', ['git'], { env: context.env });
    const apache = await startApache(context, 'git-server');
    try {
      const front = await context.publish('git', apache.url);
      const home = join(context.folder, 'git-client');
      mkdirSync(home);
      const env = {
        ...context.env,
        HOME: home,
        GIT_TERMINAL_PROMPT: '0',
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_SSL_CAINFO: front.caFile,
      };
      /**
       * @param {readonly string[]} args
       * @param {string} cwd
       */
      const run = (args, cwd = home) => {
        const settings = ['user.name=Ada', 'user.email=ada@example.com', 'http.postBuffer=65536', 'http.proxy='];
        const all = [...settings.flatMap((setting) => ['-c', setting]), ...args];
        return requireCommand(program, all, { timeoutMs: TIMEOUT_MS, cwd, env });
      };
      const repository = join(apache.repositories, 'r.git');
      await run(['init', '--quiet', '--bare', '--initial-branch=main', repository]);
      for (const setting of ['http.receivepack', 'receive.denyNonFastForwards'])
        await run(['-C', repository, 'config', setting, 'true']);
      await requireCommand('chown', ['-R', '--reference', apache.repositories, repository], { timeoutMs: TIMEOUT_MS });
      const url = `${front.url}git/r.git`;
      const checks = new Checks();
      const work = join(home, 'work');
      await checks.attempt('push of 30 MB in chunks', async () => {
        await run(['init', '--quiet', '--initial-branch=main', work]);
        writeFileSync(join(work, 'large.bin'), Buffer.concat([...patternBlocks(FILE_BYTES)]));
        for (let i = 0; i < SMALL_FILES; i += 1) writeFileSync(join(work, `file-${i}.txt`), `line ${i}\n`.repeat(i));
        await run(['add', '.'], work);
        await run(['commit', '--quiet', '--message', 'first'], work);
        await run(['push', '--quiet', url, 'main'], work);
      });
      await checks.attempt('clone gives the same commit and the same bytes', async () => {
        await run(['clone', '--quiet', url, 'clone']);
        const [ours, theirs] = await Promise.all(
          [work, join(home, 'clone')].map((folder) => run(['rev-parse', 'HEAD'], folder)),
        );
        expectEqual('commit', theirs?.stdout, ours?.stdout);
        expectEqual('SHA-256', await hashOf(join(home, 'clone', 'large.bin')), await hashOf(join(work, 'large.bin')));
        await run(['fsck', '--strict'], join(home, 'clone'));
      });
      await checks.attempt('a second push, and a fetch of it', async () => {
        writeFileSync(join(work, 'second.txt'), 'second\n');
        await run(['add', '.'], work);
        await run(['commit', '--quiet', '--message', 'second'], work);
        await run(['push', '--quiet', url, 'main'], work);
        await run(['pull', '--quiet', url, 'main'], join(home, 'clone'));
        const [ours, theirs] = await Promise.all(
          [work, join(home, 'clone')].map((folder) => run(['rev-parse', 'HEAD'], folder)),
        );
        expectEqual('commit', theirs?.stdout, ours?.stdout);
      });
      await checks.attempt('a push that the server refuses is told', async () => {
        await run(['commit', '--quiet', '--amend', '--message', 'rewritten'], work);
        const refused = await run(['push', '--quiet', '--force', url, 'main'], work).then(
          () => '',
          (error) => String(error),
        );
        if (!refused.includes('remote rejected')) throw new Error(`said ${refused.slice(0, 200) || 'nothing'}`);
      });
      const version = (await run(['--version'])).stdout.trim();
      checks.notes.push(`served by Apache ${apache.version} and git-http-backend`);
      return checks.outcome(version);
    } finally {
      await apache.stop();
    }
  },
};

/** @param {string} file */
export async function hashOf(file) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
