import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import type { ApiClient } from './api-client.ts';

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

/** Whether the connector is online by a heartbeat of this start: presence outlives a restart. */
export async function isHeardSince(api: ApiClient, connectorId: string, since: string): Promise<boolean> {
  const { presence, lastSeenAt } = (await api.call('GET', `/connectors/${connectorId}`)) as {
    presence: string;
    lastSeenAt: string | null;
  };
  return presence === 'online' && lastSeenAt !== null && lastSeenAt >= since;
}

/** Whether an app answers by way of ingress, tunnel and connector. */
export async function isServing(probe: Probe, externalUrl: string): Promise<boolean> {
  return !UNREACHABLE.has(await probe.status(externalUrl));
}
