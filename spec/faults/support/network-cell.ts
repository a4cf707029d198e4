import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** Addresses that are documented to be nobody's (RFC 5737), so that the cell never hides a real network. */
const OUTSIDE = '192.0.2';
const MAX_CELLS = 60;

/** A network of its own with one link to this machine, which can be cut without either side being told. */
export type NetworkCell = {
  /** Address of this machine as the cell sees it; `localhost` means the same inside. */
  readonly hostAddress: string;
  /** Address of the cell. */
  readonly cellAddress: string;
  /** Put before a command, runs it inside. */
  readonly prefix: readonly string[];
  /** Makes a port of 127.0.0.1 of this machine reachable from inside, under the same number. */
  expose(port: number): Promise<void>;
  cut(): Promise<void>;
  heal(): Promise<void>;
  remove(): Promise<void>;
};

/** Undefined when namespaces can be made here, else why not. */
export function whyNoNetworkCell(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces are a thing of Linux';
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  const name = `sp${randomBytes(3).toString('hex')}`;
  try {
    execFileSync('ip', ['netns', 'add', name], { stdio: 'pipe' });
    execFileSync('ip', ['netns', 'del', name], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return `ip netns add: ${error instanceof Error ? error.message.split('\n').slice(0, 2).join(' ') : 'failed'}`;
  }
}

/** Everything is removed by `remove`. The hosts file is seen inside only; it is kept in this folder. */
export async function makeNetworkCell(folder: string): Promise<NetworkCell> {
  const id = randomBytes(3).toString('hex');
  const [space, outer, inner] = [`sp${id}`, `spo${id}`, `spi${id}`];
  const first = 4 * (randomBytes(1).readUInt8() % MAX_CELLS);
  const [hostAddress, cellAddress] = [`${OUTSIDE}.${first + 1}`, `${OUTSIDE}.${first + 2}`];
  const ip = (...args: string[]) => run('ip', args);
  const inside = (...args: string[]) => ip('netns', 'exec', space, 'ip', ...args);
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  const remove = async () => {
    for (const socket of sockets) socket.destroy();
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    // Its end of the pair goes with the namespace, and the other end with that one.
    await ip('netns', 'del', space);
  };
  await ip('netns', 'add', space);
  try {
    await ip('link', 'add', outer, 'type', 'veth', 'peer', 'name', inner, 'netns', space);
    await ip('address', 'add', `${hostAddress}/30`, 'dev', outer);
    await ip('link', 'set', outer, 'up');
    await inside('link', 'set', 'lo', 'up');
    await inside('address', 'add', `${cellAddress}/30`, 'dev', inner);
    await inside('link', 'set', inner, 'up');
    await writeFile(`${folder}/hosts`, `${hostAddress} localhost\n`);
  } catch (error) {
    await remove();
    throw error;
  }
  const enter = `mount --bind '${folder}/hosts' /etc/hosts && exec "$@"`;
  return {
    hostAddress,
    cellAddress,
    prefix: ['ip', 'netns', 'exec', space, 'sh', '-c', enter, 'cell'],
    expose: async (port) => {
      const server = createServer((socket) => relay(socket, port, sockets));
      servers.push(server);
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, hostAddress, resolve);
      });
    },
    // Down inside: packets vanish, and no side gets a reset.
    cut: async () => {
      await inside('link', 'set', inner, 'down');
    },
    heal: async () => {
      await inside('link', 'set', inner, 'up');
    },
    remove,
  };
}

function relay(from: Socket, port: number, sockets: Set<Socket>): void {
  const to = connect(port, '127.0.0.1');
  for (const [socket, other] of [
    [from, to],
    [to, from],
  ] as const) {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.pipe(other);
    socket.on('error', () => other.destroy());
    socket.on('close', () => {
      sockets.delete(socket);
      other.destroy();
    });
  }
}
