import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

/** What stands before several ingresses: each new connection goes to the first port of 127.0.0.1 that takes it. */
export type Balancer = { readonly port: number; close(): Promise<void> };

export async function startBalancer(ports: readonly number[]): Promise<Balancer> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.setNoDelay(true);
  };
  const pass = (from: Socket, [port, ...others]: readonly number[]) => {
    if (port === undefined) {
      from.destroy();
      return;
    }
    const to = connect(port, '127.0.0.1');
    let isConnected = false;
    to.once('connect', () => {
      isConnected = true;
      keep(to);
      from.pipe(to);
      to.pipe(from);
    });
    to.on('error', () => {
      if (isConnected) from.destroy();
      else pass(from, others);
    });
    to.on('close', () => {
      if (isConnected) from.destroySoon();
    });
    from.on('close', () => to.destroy());
  };
  const server = createServer((from) => {
    keep(from);
    from.on('error', () => undefined);
    pass(from, ports);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
