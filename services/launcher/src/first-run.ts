import { execFile } from 'node:child_process';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { demoDirectory } from '#libs/demo-directory';
import { SallyportError } from '#libs/errors';
import { obtainToken } from '#libs/identity';
import type { AnnouncedApp } from './announcement.ts';
import type { ApiClient } from './api-client.ts';
import { type Addresses, EMBEDDED_CONNECTOR, EMBEDDED_GROUP } from './plan.ts';
import { HOST, type Ports } from './ports.ts';

const REGISTER_TIMEOUT_MS = 30_000;
const APPS_PER_PAGE = 500;
/** Who may open the dumper from the start; the others show what a refusal looks like. */
const SAMPLE_USERNAMES: readonly string[] = ['alice', 'bob'];

export type RegisterInput = {
  readonly nodePath: string;
  readonly connectorMain: string;
  readonly stateDir: string;
  readonly caFile: string;
  readonly addresses: Addresses;
  readonly env: Readonly<Record<string, string>>;
};

/**
 * Registers the embedded connector once, the way every connector is: an administrator (the development directory's) signs
 * in, the token is presented, the connector makes its own key. Error: ERR_LAUNCHER_REGISTRATION.
 */
export async function ensureConnectorRegistered(input: RegisterInput): Promise<void> {
  if (await isThere(join(input.stateDir, 'connector.json'))) return;
  const admin = demoDirectory.users.find((user) => user.directoryRoles.length > 0);
  if (!admin) throw new SallyportError('ERR_LAUNCHER_REGISTRATION', 'development directory has no administrator');
  const token = await obtainToken({
    issuer: input.addresses.issuer,
    clientId: demoDirectory.clientIds.cli,
    scope: `api://${demoDirectory.clientIds.api}/Connector.Register`,
    username: admin.username,
    password: admin.password,
    ca: await readFile(input.caFile, 'utf8'),
  });
  const args = [
    'register',
    '--service',
    input.addresses.connectorEndpointUrl,
    '--name',
    EMBEDDED_CONNECTOR,
    '--group',
    EMBEDDED_GROUP,
    '--state-dir',
    input.stateDir,
    '--ca-file',
    input.caFile,
    '--token-stdin',
  ];
  await runRegistration(input, args, token);
}

function runRegistration(input: RegisterInput, args: readonly string[], token: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      input.nodePath,
      [input.connectorMain, ...args],
      { timeout: REGISTER_TIMEOUT_MS, env: { ...input.env } },
      (error, _stdout, stderr) => {
        if (!error) return resolve();
        reject(
          new SallyportError(
            'ERR_LAUNCHER_REGISTRATION',
            `embedded connector could not register: ${stderr.trim().slice(-2000)}`,
            { expose: true, cause: error },
          ),
        );
      },
    );
    child.stdin?.end(`${token}\n`);
  });
}

export type AppRow = {
  readonly id: string;
  readonly name: string;
  readonly externalUrl: string;
  readonly internalUrl: string;
  readonly preauthentication: 'oidc' | 'passthrough';
  readonly connectorGroupId: string;
  readonly users: readonly string[];
};

/**
 * Publishes the two sample apps unless an app of that name exists or was retired, and gives the dumper to the demo users meant
 * for it.
 */
export async function ensureSampleApps(api: ApiClient, ports: Ports): Promise<void> {
  const published = new Set((await listApps(api, { includeRetired: true })).map((app) => app.name));
  if (!published.has('dumper')) {
    const dumper = (await api.call('POST', '/apps', {
      name: 'dumper',
      internalUrl: `http://${HOST}:${ports.dumper}/`,
      connectorGroupId: EMBEDDED_GROUP,
    })) as AppRow;
    for (const user of demoDirectory.users) {
      if (SAMPLE_USERNAMES.includes(user.username))
        await api.call('PUT', `/apps/${dumper.id}/assignments/users/${user.oid}`);
    }
  }
  if (!published.has('status')) {
    await api.call('POST', '/apps', {
      name: 'status',
      internalUrl: statusOrigin(ports),
      preauthentication: 'passthrough',
      connectorGroupId: EMBEDDED_GROUP,
    });
  }
}

/** The sample status page while it is as this launcher publishes it: whether it answers shows that the tunnel works. */
export function findStatusPage(apps: readonly AppRow[], ports: Ports): AppRow | undefined {
  return apps.find(
    (app) =>
      app.name === 'status' &&
      app.preauthentication === 'passthrough' &&
      app.connectorGroupId === EMBEDDED_GROUP &&
      app.internalUrl === statusOrigin(ports),
  );
}

function statusOrigin(ports: Ports): string {
  return `http://${HOST}:${ports.status}/`;
}

/** All apps, page by page. */
export async function listApps(api: ApiClient, { includeRetired = false } = {}): Promise<readonly AppRow[]> {
  const rows: AppRow[] = [];
  for (let after: string | null = ''; after !== null; ) {
    const query = new URLSearchParams({ limit: String(APPS_PER_PAGE), includeRetired: String(includeRetired) });
    if (after !== '') query.set('after', after);
    const page = (await api.call('GET', `/apps?${query.toString()}`)) as {
      apps: readonly AppRow[];
      next: string | null;
    };
    rows.push(...page.apps);
    after = page.next;
  }
  return rows;
}

export function announceApp(app: AppRow): AnnouncedApp {
  return {
    id: app.id,
    name: app.name,
    externalUrl: app.externalUrl,
    internalUrl: app.internalUrl,
    preauthentication: app.preauthentication,
    connectorGroup: app.connectorGroupId,
  };
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
