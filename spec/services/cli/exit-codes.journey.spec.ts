import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { COMMANDS } from '../../../services/cli/src/command-table.ts';
import { type CliWorld, startCliWorld } from './support.ts';

describe('exit codes of sallyport', () => {
  let world: CliWorld;
  before(async () => {
    world = await startCliWorld();
  });
  after(() => world.stop());

  const problem = (status: number, code: string, retryable = false) =>
    world.answer(() => ({ status, body: { code, detail: `because of ${code}`, retryable } }));

  describe('2, wrong use', () => {
    const wrong: Readonly<Record<string, string>> = {
      nonsense: 'no command "nonsense": see `sallyport --help`',
      apps: 'apps needs one more word: expected apps list|show|change|retire|assign|unassign',
      'apps nonsense': 'no command "apps nonsense": expected apps list|show|change|retire|assign|unassign',
      publish: '<internal-url> is missing: expected sallyport publish <internal-url>',
      'apps list extra': '"extra" is one argument too many: expected sallyport apps list',
      'apps list --nope': "unknown option '--nope': see `sallyport apps list --help`",
      'apps change app_1': 'nothing to change: name at least one setting, see --help',
      'apps assign app_1': 'name at least one --user, --group or --role',
      'publish localhost --timeout soon': '--timeout "soon": expected a whole number of at least 1',
      'publish localhost --cookie-same-site maybe': '--cookie-same-site "maybe": expected lax, strict, none',
      'limits set tenant many': 'requests-per-second "many": expected a whole number of at least 1',
      replay: '--at is missing: name an instant such as 2026-11-22T10:02:00Z, or 5m for five minutes ago',
    };
    for (const [line, message] of Object.entries(wrong))
      it(`sallyport ${line}`, async () => {
        world.answer(() => undefined);
        const ran = await world.run(line.split(' '));
        expect(ran).to.deep.equal({ code: 2, out: '', err: `sallyport: ${message} [ERR_CLI_USAGE]\n` });
        expect(world.asked, 'nothing was asked').to.deep.equal([]);
      });
  });

  describe('3, refused', () => {
    it('by the API, with its code and message', async () => {
      problem(403, 'ERR_API_NOT_ADMINISTRATOR');
      const ran = await world.run(['apps', 'list']);
      expect([ran.code, ran.err]).to.deep.equal([
        3,
        'sallyport: because of ERR_API_NOT_ADMINISTRATOR [ERR_API_NOT_ADMINISTRATOR]\n',
      ]);
    });
    it('by the API, as JSON with --json', async () => {
      problem(412, 'ERR_EVENTS_STALE_REVISION');
      const ran = await world.run(['apps', 'list', '--json']);
      expect([ran.code, ran.out]).to.deep.equal([3, '']);
      expect(JSON.parse(ran.err)).to.have.nested.property('error.code', 'ERR_EVENTS_STALE_REVISION');
    });
    it('an app that does not exist', async () => {
      world.answer(() => ({ body: { apps: [], next: null } }));
      const ran = await world.run(['apps', 'show', 'none']);
      expect([ran.code, ran.err]).to.deep.equal([
        3,
        'sallyport: no app is called "none": see `sallyport apps list` [ERR_CLI_ABSENT]\n',
      ]);
    });
    it('a damaged system file', async () => {
      writeFileSync(join(world.dataDir, 'cli.json'), '{');
      const ran = await world.run(['apps', 'list']);
      world.writeSystemFile();
      expect(ran.code).to.equal(3);
      expect(ran.err).to.contain('is damaged: stop Sallyport and start it again');
    });
    it('an API whose certificate is not trusted', async () => {
      const ran = await world.run(['apps', 'list', '--api-url', `https://localhost:${world.port}`, '--token', 't']);
      expect(ran.code).to.equal(3);
      expect(ran.err).to.contain('is not trusted').and.to.contain('--ca-file');
    });
    it('an API named by hand, without a token: the local operator key is not sent there', async () => {
      world.answer(() => ({ body: { apps: [], next: null } }));
      const url = `https://localhost:${world.port}`;
      const ran = await world.run(['apps', 'list', '--api-url', url, '--ca-file', world.caFile]);
      expect(ran.code).to.equal(3);
      expect(ran.err).to.contain('run `sallyport login`, or pass --token');
      expect(world.asked).to.deep.equal([]);
      const given = await world.run(['apps', 'list', '--api-url', url, '--ca-file', world.caFile, '--token', 'abc']);
      expect(given.code, given.err).to.equal(0);
      expect(world.asked[0]?.headers.authorization).to.equal('Bearer abc');
    });
  });

  describe('4, unavailable and retryable', () => {
    it('when no system is found, saying how to start one', async () => {
      const ran = await world.run(['status', '--data-dir', 'nowhere']);
      expect(ran.code).to.equal(4);
      expect(ran.err).to.contain('start one with `npm start`');
    });
    it('when the system that was found does not run', async () => {
      world.writeSystemFile({ apiUrl: 'https://localhost:1/v1/' });
      const ran = await world.run(['status']);
      world.writeSystemFile();
      expect(ran.code).to.equal(4);
      expect(ran.err).to.contain('(connection refused): start it with `npm start`');
    });
    it('when the API says so', async () => {
      problem(503, 'ERR_MESSAGING_NO_SERVICE', true);
      expect((await world.run(['apps', 'list'])).code).to.equal(4);
    });
  });

  describe('70, a bug', () => {
    it('when the API failed inside', async () => {
      problem(500, 'ERR_INTERNAL');
      const ran = await world.run(['apps', 'list']);
      expect([ran.code, ran.err]).to.deep.equal([
        70,
        'sallyport: because of ERR_INTERNAL [ERR_INTERNAL] (this is a bug)\n',
      ]);
    });
    it('when the answer is not of our API', async () => {
      world.answer(() => ({ body: { pages: [] } }));
      expect((await world.run(['apps', 'list'])).code).to.equal(70);
    });
  });

  describe('0, help', () => {
    it('of all: every command once', async () => {
      for (const argv of [[], ['--help'], ['-h'], ['help']]) {
        const ran = await world.run(argv);
        expect([ran.code, ran.err]).to.deep.equal([0, '']);
        for (const { name, summary } of COMMANDS) expect(ran.out).to.contain(name).and.to.contain(summary);
      }
    });
    for (const command of COMMANDS)
      it(`of ${command.name}: usage and every option`, async () => {
        const ran = await world.run([...command.name.split(' '), '--help']);
        expect([ran.code, ran.err]).to.deep.equal([0, '']);
        expect(ran.out).to.match(new RegExp(`^Usage: sallyport ${command.name}`));
        for (const [name, { summary }] of Object.entries(command.options ?? {}))
          expect(ran.out).to.contain(`--${name}`).and.to.contain(summary);
        expect(await world.run(['help', ...command.name.split(' ')])).to.deep.equal(ran);
      });
  });
});
