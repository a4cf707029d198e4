import { join } from 'node:path';
import { SallyportError } from '#libs/errors';
import { isSubjectToken } from '#libs/events';
import { type AccountClaims, encodeAccountJwt, encodeActivationJwt, encodeOperatorJwt } from '#libs/nats-identity';
import {
  backboneClaims,
  coreClaims,
  SIEM_GRANTS,
  type SiemTokens,
  siemClaims,
  sysClaims,
  tenantClaims,
} from './account-claims.ts';
import { ensurePki, type PkiFiles, pkiFiles, type ServerNames } from './certificates.ts';
import { ensureDirectory, writeIfChanged } from './data-files.ts';
import { hubConfig } from './hub-config.ts';
import { ensureJwtFile, readJwtFile } from './jwt-files.ts';
import { ACCOUNT_ROLES, type BrokerKeys, loadBrokerKeys } from './keys.ts';
import type { AccountFiles, BrokerLayout, BrokerPorts, ServerCertificateName } from './layout.ts';
import { permissionsOf } from './permissions/permissions-of.ts';
import type { AccountRole } from './permissions/types.ts';
import { ensureCredentials } from './user-credentials.ts';

export type ProvisionInput = {
  readonly dataDir: string;
  /** `[a-z0-9_-]`, at most 64 characters. */
  readonly tenant: string;
  readonly ports: BrokerPorts;
  readonly serverNames: Readonly<Record<ServerCertificateName, ServerNames>>;
  readonly now: Date;
};

/** Names for one machine: everything answers to `localhost` names, apps to one label under the domain. */
export function localServerNames(domain: string): Readonly<Record<ServerCertificateName, ServerNames>> {
  const local: ServerNames = { dnsNames: ['localhost'], ips: ['127.0.0.1', '0:0:0:0:0:0:0:1'] };
  return {
    hub: local,
    ingress: { dnsNames: [domain, `*.${domain}`, 'localhost'], ips: ['127.0.0.1'] },
    'connector-endpoint': local,
    console: local,
    'identity-provider': local,
  };
}

/**
 * Makes whatever of the broker is missing in the data directory and keeps what is good: a second call changes nothing.
 * @throws ERR_BROKER_TENANT, ERR_BROKER_DATA_DIR, ERR_BROKER_CORRUPT (names file and remedy; nothing was overwritten).
 */
export async function provisionBroker(input: ProvisionInput): Promise<BrokerLayout> {
  if (!isSubjectToken(input.tenant) || input.tenant.length > 64)
    throw new SallyportError('ERR_BROKER_TENANT', 'tenant must be 1 to 64 characters of a-z 0-9 _ -', { expose: true });
  const folders = foldersOf(input.dataDir);
  for (const folder of Object.values(folders)) await ensureDirectory(folder);
  const jwtFiles = {
    operator: join(folders.accounts, 'operator.jwt'),
    sys: join(folders.accounts, 'sys.jwt'),
    backbone: join(folders.accounts, 'backbone.jwt'),
    core: join(folders.accounts, 'core.jwt'),
    siem: join(folders.accounts, 'siem.jwt'),
    tenant: join(folders.accounts, 'tenant.jwt'),
  };
  const keys = await loadBrokerKeys(folders.keys, jwtFiles);
  const pki = pkiFiles(folders.pki);
  await ensurePki(pki, input.serverNames, input.now);
  const users = await ensureUsers(input.tenant, folders.credentials, keys);
  await ensureAccounts(input, folders, jwtFiles, keys, users.tenantUsers);
  const layout = layoutOf(input, folders, keys, pki, users.credentials);
  await writeIfChanged(layout.hub.configFile, await hubConfig(layout));
  return layout;
}

type Folders = ReturnType<typeof foldersOf>;

function foldersOf(dataDir: string) {
  const nats = join(dataDir, 'nats');
  return {
    dataDir,
    nats,
    keys: join(nats, 'keys'),
    accounts: join(nats, 'accounts'),
    credentials: join(nats, 'credentials'),
    resolver: join(nats, 'resolver'),
    jetstream: join(nats, 'jetstream'),
    pki: join(dataDir, 'pki'),
  };
}

async function ensureUsers(tenant: string, folder: string, keys: BrokerKeys) {
  const credentials: Record<string, string> = {};
  const tenantUsers: string[] = [];
  for (const { service, users } of permissionsOf(tenant)) {
    for (const user of users) {
      const path = join(folder, `${service}@${user.account}.creds`);
      const publicKey = await ensureCredentials({ path, service, user, account: keys.accounts[user.account] });
      credentials[`${service}@${user.account}`] = path;
      if (user.account === 'tenant') tenantUsers.push(publicKey);
    }
  }
  return { credentials, tenantUsers };
}

async function ensureAccounts(
  input: ProvisionInput,
  folders: Folders,
  jwtFiles: { readonly operator: string } & Readonly<Record<AccountRole, string>>,
  keys: BrokerKeys,
  tenantUsers: readonly string[],
): Promise<void> {
  await ensureJwtFile(jwtFiles.operator, () =>
    encodeOperatorJwt({
      name: 'sallyport',
      key: keys.operator,
      signingKeys: [keys.operatorSigning.publicKey],
      systemAccount: keys.accounts.sys.identity.publicKey,
    }),
  );
  const tokens = await ensureTokens(folders.accounts, keys);
  const tenantKey = keys.accounts.tenant.identity.publicKey;
  const revocations = await pushedRevocations(join(folders.resolver, `${tenantKey}.jwt`));
  const claims: Readonly<Record<AccountRole, AccountClaims>> = {
    sys: sysClaims(keys),
    backbone: backboneClaims(keys),
    core: coreClaims(keys),
    siem: siemClaims(keys, tokens),
    tenant: tenantClaims(keys, tenantUsers, revocations),
  };
  for (const role of ACCOUNT_ROLES) {
    const publicKey = keys.accounts[role].identity.publicKey;
    const name = accountName(role, input.tenant);
    await ensureJwtFile(jwtFiles[role], () =>
      encodeAccountJwt({ name, publicKey, signer: keys.operatorSigning, claims: claims[role] }),
    );
  }
}

/** The activation tokens by which SIEM imports from CORE, kept as files because each issue differs. */
async function ensureTokens(folder: string, keys: BrokerKeys): Promise<SiemTokens> {
  const token = (name: keyof SiemTokens) =>
    ensureJwtFile(join(folder, `siem-${name}.activation.jwt`), () =>
      encodeActivationJwt({
        name: `siem-${name}`,
        account: keys.accounts.siem.identity.publicKey,
        exporter: keys.accounts.core.identity,
        subject: SIEM_GRANTS[name].subject,
      }),
    );
  return { next: await token('next'), info: await token('info'), acknowledge: await token('acknowledge') };
}

/** Revocations pushed at run time live in the hub's resolver: an account issued again must carry them on. */
async function pushedRevocations(path: string): Promise<Readonly<Record<string, number>>> {
  const pushed = (await readJwtFile(path))?.claims.nats.revocations;
  if (typeof pushed !== 'object' || pushed === null) return {};
  return Object.fromEntries(Object.entries(pushed).filter(([, until]) => typeof until === 'number'));
}

function accountName(role: AccountRole, tenant: string): string {
  return role === 'tenant' ? `tenant-${tenant}` : role.toUpperCase();
}

function layoutOf(
  input: ProvisionInput,
  folders: Folders,
  keys: BrokerKeys,
  pki: PkiFiles,
  credentials: Readonly<Record<string, string>>,
): BrokerLayout {
  const account = (role: AccountRole): AccountFiles => ({
    name: accountName(role, input.tenant),
    publicKey: keys.accounts[role].identity.publicKey,
    jwtFile: join(folders.accounts, `${role}.jwt`),
    keyFile: join(folders.keys, `${role}.nk`),
    signingKeyFile: join(folders.keys, `${role}-signing.nk`),
  });
  return {
    dataDir: input.dataDir,
    tenant: input.tenant,
    ports: input.ports,
    operator: {
      jwtFile: join(folders.accounts, 'operator.jwt'),
      signingKeyFile: join(folders.keys, 'operator-signing.nk'),
    },
    accounts: {
      sys: account('sys'),
      backbone: account('backbone'),
      core: account('core'),
      siem: account('siem'),
      tenant: account('tenant'),
    },
    connectorSigner: {
      publicKey: keys.connectorSigner.publicKey,
      keyFile: join(folders.keys, 'connector-signing.nk'),
    },
    credentials,
    certificates: pki.servers,
    authorities: { root: pki.root, issuing: pki.issuing },
    caFile: pki.root.certFile,
    hub: {
      configFile: join(folders.nats, 'hub.conf'),
      jetstreamDir: folders.jetstream,
      resolverDir: folders.resolver,
    },
  };
}
