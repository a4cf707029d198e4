import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { SallyportError } from '#libs/errors';
import { LogFile } from './log-file.ts';

export type ProcessPlan = {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** How readiness shows: a JSON line with `event: ready` on stdout, or a text in the log output. */
  readonly readyWhen: { readonly kind: 'ready-line' } | { readonly kind: 'log-text'; readonly text: string };
  /** Milliseconds until ERR_LAUNCHER_NOT_READY. Default 20 000. */
  readonly readyTimeoutMs?: number;
  /** Milliseconds between SIGTERM and SIGKILL. Default 30 000. */
  readonly stopTimeoutMs?: number;
};

export type ProcessExit = { readonly code: number | null; readonly signal: string | null };

const DEFAULT_READY_TIMEOUT_MS = 20_000;
const DEFAULT_STOP_TIMEOUT_MS = 30_000;
/** Restart delays: doubling from the first to the last, back to the first after a minute of life. */
const FIRST_RESTART_MS = 250;
const LAST_RESTART_MS = 10_000;
const STABLE_MS = 60_000;
/** A configuration error is not worth a restart (EX_CONFIG). */
const EXIT_CONFIG = 78;
const TAIL_LINES = 12;

/** One child process: started, awaited, restarted with growing delay when it ends by itself, stopped for good on request. */
export class SupervisedProcess {
  readonly plan: ProcessPlan;
  readonly #onEvent: (event: 'exited' | 'restarted' | 'given-up', name: string, exit: ProcessExit) => void;
  #child: ChildProcess | undefined;
  #exited: Promise<ProcessExit> | undefined;
  #isStopping = false;
  #restartMs = FIRST_RESTART_MS;
  #restartTimer: NodeJS.Timeout | undefined;
  readonly #tail: string[] = [];

  constructor(
    plan: ProcessPlan,
    onEvent: (event: 'exited' | 'restarted' | 'given-up', name: string, exit: ProcessExit) => void,
  ) {
    this.plan = plan;
    this.#onEvent = onEvent;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves with the ready line (empty for a log text). Errors: ERR_LAUNCHER_NOT_READY with the last log lines. */
  async start(): Promise<Readonly<Record<string, unknown>>> {
    const startedAt = Date.now();
    const { child, ready } = this.#spawn();
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
      child.once('error', () => resolve({ code: null, signal: null }));
    });
    const line = await this.#awaitReady(ready, this.#exited);
    void this.#exited.then((exit) => this.#restart(exit, Date.now() - startedAt));
    return line;
  }

  /** SIGTERM, then SIGKILL after the limit. Safe to call twice. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#restartTimer);
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const limit = setTimeout(() => child.kill('SIGKILL'), this.plan.stopTimeoutMs ?? DEFAULT_STOP_TIMEOUT_MS);
    await this.#exited;
    clearTimeout(limit);
  }

  /** SIGKILL, and no restart. */
  kill(): void {
    this.#isStopping = true;
    clearTimeout(this.#restartTimer);
    this.#child?.kill('SIGKILL');
  }

  #spawn(): { child: ChildProcess; ready: Promise<Record<string, unknown>> } {
    const log = new LogFile(this.plan.logFile);
    // A process group of its own: Ctrl-C reaches only the launcher, which stops the others in order.
    const child = spawn(this.plan.command, [...this.plan.args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...this.plan.env, SALLYPORT_SUPERVISED: '1' },
      detached: true,
    });
    child.once('close', () => void log.end());
    child.stdin?.on('error', () => undefined);
    const ready = new Promise<Record<string, unknown>>((resolve) => {
      this.#watch(child.stdout, log, (line) => this.#readyFrom(line, 'stdout', resolve));
      this.#watch(child.stderr, log, (line) => this.#readyFrom(line, 'stderr', resolve));
    });
    return { child, ready };
  }

  #watch(stream: NodeJS.ReadableStream | null, log: LogFile, onLine: (line: string) => void): void {
    if (!stream) return;
    createInterface({ input: stream }).on('line', (line) => {
      log.writeLine(line);
      this.#tail.push(line);
      if (this.#tail.length > TAIL_LINES) this.#tail.shift();
      onLine(line);
    });
  }

  #readyFrom(line: string, source: 'stdout' | 'stderr', resolve: (line: Record<string, unknown>) => void): void {
    const { readyWhen } = this.plan;
    if (readyWhen.kind === 'log-text') {
      if (line.includes(readyWhen.text)) resolve({});
      return;
    }
    if (source !== 'stdout' || !line.startsWith('{')) return;
    try {
      const parsed = JSON.parse(line) as Record<string, unknown>;
      if (parsed.event === 'ready') resolve(parsed);
    } catch {
      // Not a JSON line: kept in the log like every other.
    }
  }

  async #awaitReady(
    ready: Promise<Record<string, unknown>>,
    exited: Promise<ProcessExit>,
  ): Promise<Record<string, unknown>> {
    const limitMs = this.plan.readyTimeoutMs ?? DEFAULT_READY_TIMEOUT_MS;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), limitMs);
    });
    const ended = exited.then((exit) => ({ exit }));
    const first = await Promise.race([ready.then((line) => ({ line })), ended, late]);
    clearTimeout(timer);
    if (typeof first === 'object' && 'line' in first) return first.line;
    this.#child?.kill('SIGKILL');
    const problem =
      first === 'late'
        ? `was not ready within ${limitMs} ms`
        : `ended with code ${first.exit.code ?? first.exit.signal}`;
    throw new SallyportError(
      'ERR_LAUNCHER_NOT_READY',
      `${this.plan.name} ${problem}; its log is ${this.plan.logFile}; last lines:\n${this.#tail.join('\n')}`,
      {
        expose: true,
        details: { name: this.plan.name, logFile: this.plan.logFile },
      },
    );
  }

  #restart(exit: ProcessExit, livedMs: number): void {
    if (this.#isStopping) return;
    if (exit.code === EXIT_CONFIG) {
      this.#onEvent('given-up', this.plan.name, exit);
      return;
    }
    this.#onEvent('exited', this.plan.name, exit);
    if (livedMs >= STABLE_MS) this.#restartMs = FIRST_RESTART_MS;
    this.#restartTimer = setTimeout(() => {
      if (this.#isStopping) return;
      this.start().then(
        () => this.#onEvent('restarted', this.plan.name, exit),
        () => this.#restart({ code: null, signal: null }, 0),
      );
    }, this.#restartMs);
    this.#restartMs = Math.min(LAST_RESTART_MS, this.#restartMs * 2);
  }
}
