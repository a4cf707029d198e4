import { EventEmitter } from 'node:events';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { z } from 'zod';
import { SallyportError } from '#libs/errors';
import { type ProcessPort, type RunningService, runService } from '#libs/service-host';
import { until } from '../../support/until.ts';

/** This spec's own file is no configuration; package.json is a JSON file that is always there. */
const CONFIG_FILE = 'package.json';

class FakeProcess implements ProcessPort {
  readonly #emitter = new EventEmitter();
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin = Object.assign(new EventEmitter(), { resume: () => undefined });
  readonly out: string[] = [];
  readonly err: string[] = [];
  readonly stdout = { write: (text: string) => this.out.push(text) };
  readonly stderr = { write: (text: string) => this.err.push(text) };
  exitCode: number | undefined;

  constructor(argv: readonly string[] = ['--config', CONFIG_FILE], env: Readonly<Record<string, string>> = {}) {
    this.argv = argv;
    this.env = env;
  }

  on(event: string, listener: (...args: never[]) => void): void {
    this.#emitter.on(event, () => listener());
  }

  emit(event: string): void {
    this.#emitter.emit(event);
  }

  exit(code = 0): void {
    this.exitCode ??= code;
  }
}

const definition = (steps: string[], more: Partial<{ start: () => Promise<RunningService> }> = {}) => ({
  name: 'spec',
  config: z.object({ name: z.string() }),
  start: async () => ({
    ready: { port: 7 },
    drain: async () => void steps.push('drain'),
    stop: async () => void steps.push('stop'),
  }),
  ...more,
});

function deferred<Value>() {
  let resolve: (value: Value) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<Value>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

describe('runService', () => {
  it('says ready once, drains and stops on SIGTERM, and exits 0', async () => {
    const host = new FakeProcess();
    const steps: string[] = [];
    await runService(host, definition(steps));
    expect(host.out).to.deep.equal(['{"event":"ready","service":"spec","port":7}\n']);
    host.emit('SIGTERM');
    await until(() => host.exitCode !== undefined);
    expect(steps).to.deep.equal(['drain', 'stop']);
    expect(host.exitCode).to.equal(0);
  });

  it('stops when its supervisor goes away', async () => {
    const host = new FakeProcess(undefined, { SALLYPORT_SUPERVISED: '1' });
    const steps: string[] = [];
    await runService(host, definition(steps));
    host.stdin.emit('end');
    await until(() => host.exitCode === 0);
    expect(steps).to.deep.equal(['drain', 'stop']);
  });

  it('does not wait for a drain after a second signal', async () => {
    const host = new FakeProcess();
    const forever = async () => ({ drain: () => new Promise<void>(() => undefined), stop: async () => undefined });
    await runService(host, definition([], { start: forever }));
    host.emit('SIGTERM');
    host.emit('SIGTERM');
    expect(host.exitCode).to.equal(1);
  });

  describe('told to end while it starts', () => {
    const slowly = (steps: string[]) => {
      const started = deferred<RunningService>();
      const begun = deferred<void>();
      const start = () => {
        begun.resolve();
        return started.promise;
      };
      const drain = async () => void steps.push('drain');
      const stop = async () => void steps.push('stop');
      return { start, begun: begun.promise, finish: () => started.resolve({ drain, stop }) };
    };

    for (const [what, tell] of [
      ['a signal', (host: FakeProcess) => host.emit('SIGTERM')],
      ['the end of its supervisor', (host: FakeProcess) => host.stdin.emit('end')],
    ] as const) {
      it(`by ${what}, is drained as soon as it has started, and never says ready`, async () => {
        const host = new FakeProcess(undefined, { SALLYPORT_SUPERVISED: '1' });
        const steps: string[] = [];
        const service = slowly(steps);
        const running = runService(host, definition(steps, service));
        await service.begun;
        tell(host);
        expect([steps, host.exitCode]).to.deep.equal([[], undefined]);
        service.finish();
        await running;
        await until(() => host.exitCode !== undefined);
        expect([steps, host.exitCode, host.out]).to.deep.equal([['drain', 'stop'], 0, []]);
      });
    }

    it('twice, exits at once', async () => {
      const host = new FakeProcess();
      const service = slowly([]);
      const running = runService(host, definition([], service));
      await service.begun;
      host.emit('SIGTERM');
      expect(host.exitCode).to.equal(undefined);
      host.emit('SIGINT');
      expect(host.exitCode).to.equal(1);
      service.finish();
      await running;
    });

    it('exits 1 with a line in its log when the start takes longer than it has', async () => {
      const host = new FakeProcess();
      const service = slowly([]);
      void runService(host, { ...definition([], service), startLimitMs: 100 });
      await service.begun;
      host.emit('SIGTERM');
      await until(() => host.exitCode !== undefined);
      expect(host.exitCode).to.equal(1);
      expect(host.err.join('')).to.contain('start took too long to be drained');
    });

    it('and failing to start, exits as a start that fails does', async () => {
      const host = new FakeProcess();
      const begun = deferred<void>();
      const broken = deferred<RunningService>();
      const start = () => {
        begun.resolve();
        return broken.promise;
      };
      const running = runService(host, definition([], { start }));
      await begun.promise;
      host.emit('SIGTERM');
      broken.reject(new SallyportError('ERR_MESSAGING_CONNECT', 'hub away', { retryable: true }));
      await running;
      expect(host.exitCode).to.equal(69);
    });
  });

  for (const [what, argv, code] of [
    ['no configuration file', [], 78],
    ['an absent file', ['--config', '/nowhere.json'], 78],
    ['a file that does not fit', ['--config', 'tsconfig.json'], 78],
  ] as const) {
    it(`exits ${code}, which is not worth a restart, for ${what}`, async () => {
      const host = new FakeProcess(argv);
      await runService(host, definition([]));
      expect(host.exitCode).to.equal(code);
      expect(host.out).to.deep.equal([]);
      expect(host.err.join('')).to.contain('ERR_CONFIG');
    });
  }

  it('exits 69, which is, when it cannot start', async () => {
    const host = new FakeProcess();
    const broken = async () => {
      throw new SallyportError('ERR_MESSAGING_CONNECT', 'hub away', { retryable: true });
    };
    await runService(host, definition([], { start: broken }));
    expect(host.exitCode).to.equal(69);
  });
});
