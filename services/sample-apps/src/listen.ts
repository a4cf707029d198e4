import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SallyportError } from '#libs/errors';

export type Listening = {
  readonly port: number;
  /** Stops accepting, waits for running answers up to the deadline, then cuts. Safe to call twice. */
  close(deadlineMs: number): Promise<void>;
};

/** @throws ERR_SAMPLE_APPS_LISTEN naming address and cause. */
export async function listen(name: string, host: string, port: number, listener: RequestListener): Promise<Listening> {
  const server = createServer(listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new SallyportError('ERR_SAMPLE_APPS_LISTEN', `${name} cannot listen on ${host}:${port}: ${cause.message}`, {
          cause,
          expose: true,
          retryable: true,
        }),
      ),
    );
    server.listen(port, host, resolve);
  });
  let closing: Promise<void> | undefined;
  return {
    port: (server.address() as AddressInfo).port,
    close: (deadlineMs) => {
      closing ??= new Promise<void>((resolve) => {
        const timer = setTimeout(() => server.closeAllConnections(), deadlineMs);
        server.close(() => {
          clearTimeout(timer);
          resolve();
        });
        server.closeIdleConnections();
      });
      return closing;
    },
  };
}
