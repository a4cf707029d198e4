import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { badState } from './errors.ts';

/**
 * At most one connector runs from a state directory: two would end each other's leafs. The lock is a name in the kernel
 * (abstract socket, unix(7)), so it ends with its process however that ends and leaves no file. Linux only: elsewhere
 * nothing is locked. Nobody is ever answered on it.
 * @throws ERR_CONFIG_CONNECTOR_STATE when another process holds it.
 */
export async function lockState(directory: string, platform: NodeJS.Platform): Promise<() => Promise<void>> {
  if (platform !== 'linux') return () => Promise.resolve();
  const name = createHash('sha256').update(directory).digest('hex');
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        badState(`state directory ${directory} is in use by another connector process; stop that one first`, cause),
      ),
    );
    server.listen({ path: `\0sallyport-connector-${name}` }, resolve);
  });
  server.unref();
  return () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
}
