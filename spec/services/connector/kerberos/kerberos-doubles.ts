import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import type { Principal } from '#libs/contracts';
import { until } from '../../../support/until.ts';

/** The one child of this process that runs the ticket program. */
export async function ticketProcess(): Promise<number> {
  let found: number | undefined;
  await until(() => {
    found = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .map(Number)
      .find(runsTickets);
    return found !== undefined;
  });
  return found ?? 0;
}

function runsTickets(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('origins/kerberos/main.');
  } catch {
    // Gone between the two looks.
    return false;
  }
}

export function socketsOf(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  const isSocket = (name: string) => {
    try {
      return readlinkSync(join(folder, name)).startsWith('socket:');
    } catch {
      // Closed between the two looks.
      return false;
    }
  };
  return readdirSync(folder).filter(isSocket).length;
}

export function principalOf(login: string): Principal {
  return {
    subject: `id-${login}`,
    directoryTenant: 'dir',
    username: login,
    name: login,
    email: null,
    groups: [],
    roles: [],
    directoryRoles: [],
  };
}

/** Reads the head of the first connection's request and cuts it; passes on the later ones. */
export async function startCuttingFront(
  behind: string,
): Promise<{ url: string; tickets: string[]; stop(): Promise<void> }> {
  const tickets: string[] = [];
  let count = 0;
  const server: Server = createServer((socket) => {
    count += 1;
    const isFirst = count === 1;
    const upstream = isFirst ? undefined : connect(Number(new URL(behind).port), '127.0.0.1');
    upstream?.pipe(socket).on('error', () => undefined);
    upstream?.on('error', () => undefined);
    socket.on('error', () => undefined);
    socket.on('close', () => upstream?.destroy());
    socket.on('data', (chunk) => {
      const ticket = /authorization: (Negotiate \S+)/i.exec(chunk.toString('latin1'))?.[1];
      if (ticket !== undefined) tickets.push(ticket);
      if (isFirst) socket.destroy();
      else upstream?.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    tickets,
    stop: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}
