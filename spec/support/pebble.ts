import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Agent, request } from 'undici';
import { writeTlsCertificate } from './tls-certificate.ts';
import { until } from './until.ts';

/** Let's Encrypt's own test server, with a name server that leads every name to 127.0.0.1. */
export type RunningPebble = {
  readonly directoryUrl: string;
  /** Authority of the ACME endpoint, PEM. */
  readonly ca: string;
  /** The root that its certificates chain to, PEM. */
  root(): Promise<string>;
  readonly log: () => string;
  stop(): Promise<void>;
};

/**
 * What `SALLYPORT_PEBBLE` names, as `npm test` sets it; else the first on PATH or in `.tools/` that says its version,
 * which those too old do not. Undefined when there is none (docs/CONTRIBUTING.md).
 */
export function findPebble(): string | undefined {
  const named = process.env.SALLYPORT_PEBBLE;
  if (named !== undefined && named !== '') return named;
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== ''),
    fileURLToPath(new URL('../../.tools', import.meta.url)),
  ];
  return folders.map((folder) => join(folder, 'pebble')).find(saysVersion);
}

/** Validates by connecting to `tlsPort` of 127.0.0.1. A fifth of all nonces is refused, to be tried again. */
export async function startPebble(program: string, tlsPort: number): Promise<RunningPebble> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-pebble-'));
  const tls = await writeTlsCertificate(folder, ['localhost']);
  const dns = await startDns();
  const [port, managementPort] = [await freePort(), await freePort()];
  const config = join(folder, 'pebble.json');
  const pebble = {
    listenAddress: `127.0.0.1:${port}`,
    managementListenAddress: `127.0.0.1:${managementPort}`,
    certificate: tls.certFile,
    privateKey: tls.keyFile,
    httpPort: tlsPort,
    tlsPort,
  };
  writeFileSync(config, JSON.stringify({ pebble }));
  let log = '';
  const child = spawn(program, ['-config', config, '-dnsserver', `127.0.0.1:${dns.port}`], {
    env: { ...process.env, PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '20' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  await once(child, 'spawn').catch((error: unknown) => {
    dns.close();
    throw error;
  });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (log += String(chunk)));
  const agent = new Agent({ connect: { ca: readFileSync(tls.certFile, 'utf8'), servername: 'localhost' } });
  const get = async (url: string) => (await request(url, { dispatcher: agent })).body.text();
  const directoryUrl = `https://localhost:${port}/dir`;
  await until(
    () =>
      get(`https://127.0.0.1:${port}/dir`).then(
        () => true,
        () => false,
      ),
    { what: 'pebble' },
  );
  return {
    directoryUrl,
    ca: tls.cert,
    root: () => get(`https://127.0.0.1:${managementPort}/roots/0`),
    log: () => log,
    stop: async () => {
      await agent.destroy();
      await end(child);
      dns.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** Answers every question for an IPv4 address with 127.0.0.1, every other with nothing (RFC 1035; over TCP, as asked). */
async function startDns(): Promise<{ readonly port: number; close(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    let seen = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      seen = Buffer.concat([seen, chunk]);
      for (
        ;
        seen.length >= 2 && seen.length >= 2 + seen.readUInt16BE(0);
        seen = seen.subarray(2 + seen.readUInt16BE(0))
      )
        socket.write(answerTo(seen.subarray(2, 2 + seen.readUInt16BE(0))));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function answerTo(query: Buffer): Buffer {
  const end = query.indexOf(0, 12) + 5;
  const isAddress = query.readUInt16BE(end - 4) === 1;
  const head = Buffer.from(query.subarray(0, end));
  head.writeUInt16BE(0x8180, 2);
  head.writeUInt16BE(isAddress ? 1 : 0, 6);
  head.writeUInt32BE(0, 8);
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1]);
  const answer = isAddress ? Buffer.concat([head, record]) : head;
  const length = Buffer.alloc(2);
  length.writeUInt16BE(answer.length);
  return Buffer.concat([length, answer]);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** False also when it is absent. */
function saysVersion(path: string): boolean {
  const { status, stdout } = spawnSync(path, ['-version'], { encoding: 'utf8', timeout: 5_000 });
  return status === 0 && stdout.includes('Pebble version:');
}
