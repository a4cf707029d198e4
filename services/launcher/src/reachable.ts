import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import type { ApiClient } from './api-client.ts';
import { listApps } from './first-run.ts';
import { EMBEDDED_CONNECTOR } from './plan.ts';

const PROBE_TIMEOUT_MS = 2000;
/** What the ingress answers while an app cannot be reached: unknown yet, no origin, no connector, no answer in time. */
const UNREACHABLE: ReadonlySet<number> = new Set([404, 502, 503, 504]);

export type Probe = {
  /** Status of a GET on an app, by way of the ingress. */
  status(externalUrl: string): Promise<number>;
};

export async function createProbe(ingressUrl: string, caFile: string): Promise<Probe> {
  const ca = await readFile(caFile, 'utf8');
  const { port } = new URL(ingressUrl);
  return {
    status: (externalUrl) =>
      new Promise((resolve) => {
        const { host, hostname, pathname } = new URL(externalUrl);
        const call = request({
          host: '127.0.0.1',
          port,
          path: pathname,
          ca,
          servername: hostname,
          headers: { host },
          agent: false,
          timeout: PROBE_TIMEOUT_MS,
        });
        call.on('response', (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        });
        call.on('timeout', () => call.destroy());
        // An ingress that does not answer yet is asked again.
        call.on('error', () => resolve(503));
        call.end();
      }),
  };
}

export async function isHeardSince(api: ApiClient, since: string): Promise<boolean> {
  const { connectors } = (await api.call('GET', '/connectors')) as {
    connectors: readonly { name: string; presence: string; lastSeenAt: string | null }[];
  };
  return connectors.some(
    ({ name, presence, lastSeenAt }) =>
      name === EMBEDDED_CONNECTOR && presence === 'online' && lastSeenAt !== null && lastSeenAt >= since,
  );
}

/** Whether the sample status page answers; without it (nothing published, or retired by somebody) being heard is enough. */
export async function isServing(api: ApiClient, probe: Probe): Promise<boolean> {
  const status = (await listApps(api)).find((app) => app.name === 'status' && app.preauthentication === 'passthrough');
  return !status || !UNREACHABLE.has(await probe.status(status.externalUrl));
}
