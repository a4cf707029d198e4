import { fork } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ProcessMessage, processMessage, type TicketQuestion } from './ticket-messages.ts';

/** Questions that wait for a KDC at once: threads of the process. */
export const MAX_TICKETS_AT_ONCE = 16;
/** In the connector's secrets folder. */
export const KEYTAB_FILE = 'kerberos.keytab';
/** Beside it, where the host's own configuration does not serve. */
export const KRB5_CONFIG_FILE = 'krb5.conf';

/** What the child gets of the connector's environment; nothing else. */
const PASSED_ON = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'LD_LIBRARY_PATH', 'KRB5_CONFIG', 'KRB5_TRACE'];

/** One run of the ticket process. Callbacks come from later turns and must not throw. */
export type TicketProcess = {
  ask(question: TicketQuestion): void;
  /** Ends it at once; `onEnd` still comes. Safe to call twice. */
  kill(): void;
};
export type TicketProcessEvents = {
  onMessage(message: ProcessMessage): void;
  /** Once, and nothing follows. */
  onEnd(how: string): void;
};
export type LaunchTicketProcess = (events: TicketProcessEvents) => TicketProcess;

/** Starts the child from the folder of the administrator's secrets. In a process group of its own, as the leaf. */
export function ticketProcessLauncher(options: {
  readonly secretsFolder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Default: `main` beside this file. */
  readonly program?: string;
}): LaunchTicketProcess {
  const { secretsFolder, environment } = options;
  const program = options.program ?? fileURLToPath(new URL(`./main${extname(import.meta.url)}`, import.meta.url));
  const env: Record<string, string> = { UV_THREADPOOL_SIZE: String(MAX_TICKETS_AT_ONCE + 2), LC_ALL: 'C' };
  for (const name of PASSED_ON) if (environment[name] !== undefined) env[name] = environment[name];
  return (events) => {
    let child: ReturnType<typeof fork> | undefined;
    let isKilled = false;
    const end = (how: string) => {
      child = undefined;
      events.onEnd(how);
    };
    const start = async () => {
      const keytab = join(secretsFolder, KEYTAB_FILE);
      const configuration = join(secretsFolder, KRB5_CONFIG_FILE);
      const isConfigured = await isFile(configuration);
      const problem =
        (await fileProblem(keytab, KEYTAB_REMEDY)) ??
        (isConfigured ? await fileProblem(configuration, CONFIG_REMEDY) : undefined);
      if (isKilled) return end('stopped before it ran');
      if (problem !== undefined) {
        events.onMessage({ kind: 'unusable', text: problem });
        return end('not started');
      }
      const configured = isConfigured ? [keytab, configuration] : [keytab];
      const run = fork(program, configured, { env, stdio: ['ignore', 'ignore', 'ignore', 'ipc'], detached: true });
      child = run;
      let isEnded = false;
      const ended = (how: string) => {
        if (isEnded) return;
        isEnded = true;
        end(how);
      };
      run.on('message', (message) => {
        if (isEnded) return;
        const read = processMessage.safeParse(message);
        if (read.success) events.onMessage(read.data);
        else run.kill('SIGKILL');
      });
      run.on('error', (error) => ended(error.message));
      run.on('exit', (code, signal) => ended(signal === null ? `exit code ${code}` : `signal ${signal}`));
    };
    // Without processes or memory left, fork throws at once.
    start().catch((error: unknown) => end(error instanceof Error ? error.message : String(error)));
    return {
      // A write to a child that is gone fails; its end is told by itself.
      ask: (question) => void child?.send(question, () => undefined),
      kill: () => {
        isKilled = true;
        child?.kill('SIGKILL');
      },
    };
  };
}

const KEYTAB_REMEDY = "put the keytab of the connector's account there";
const CONFIG_REMEDY = 'put the configuration of Kerberos there, or take it away';

/** Undefined when the file can be used by this user alone. A krb5.conf names domain controllers, and libraries to load. */
async function fileProblem(path: string, remedy: string): Promise<string | undefined> {
  try {
    const found = await stat(path);
    if (!found.isFile()) return `${path} is no file: ${remedy}`;
    if ((found.mode & 0o077) !== 0) return `${path} is open to other users; run: chmod 600 ${path}`;
    return undefined;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return `${path} cannot be read: ${remedy}, mode 0600 (${why})`;
  }
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
