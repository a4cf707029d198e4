import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { runCli } from './cli.ts';

const servicesDir = join(import.meta.dirname, '..', '..');
const interrupted = new AbortController();
/** A command that does not end by itself within this time after Ctrl-C is ended. */
/** As the launcher starts processes on the byte path: see launcher.ts. */
const NODE_ARGUMENT = '--single-threaded-gc';
const INTERRUPT_GRACE_MS = 1_000;
let isProgramRunning = false;

/** The folder of package.json above this file, whether it runs from dist or from its source. */
function findProjectRoot(): string {
  for (let folder = import.meta.dirname; dirname(folder) !== folder; folder = dirname(folder))
    if (existsSync(join(folder, 'package.json'))) return folder;
  return process.cwd();
}

/** In the foreground, with our terminal; signals to us go on to it, and it says when it is done. */
function runProgram(service: string, args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [NODE_ARGUMENT, join(servicesDir, service, 'src', 'main.js'), ...args], {
    stdio: 'inherit',
  });
  isProgramRunning = true;
  const terminate = () => child.kill('SIGTERM');
  process.on('SIGTERM', terminate);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      process.off('SIGTERM', terminate);
      resolve(code ?? 1);
    });
  });
}

const MAX_INPUT_BYTES = 64 * 1024;

async function readInput(): Promise<string | undefined> {
  if (process.stdin.isTTY) return undefined;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_INPUT_BYTES) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

// A reader that left (`| head`) is no error; everything else about stdout ends like a signal.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 70));
process.once('SIGINT', () => {
  interrupted.abort();
  // The terminal interrupts a program in the foreground itself; it drains and then ends, and we with it.
  if (!isProgramRunning) setTimeout(() => process.exit(130), INTERRUPT_GRACE_MS).unref();
});

process.exitCode = await runCli({
  argv: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  projectRoot: findProjectRoot(),
  homeDir: homedir(),
  userName: userInfo().username,
  isTerminal: process.stdout.isTTY === true,
  readInput,
  print: (text) => process.stdout.write(text),
  printError: (text) => process.stderr.write(text),
  signal: interrupted.signal,
  runProgram,
});
