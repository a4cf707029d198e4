import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { SallyportError } from '#libs/errors';
import { loadOrCreateSeedFile, type Nkey, type NkeyKind } from '#libs/nats-identity';
import { corrupt } from './data-files.ts';
import type { AccountRole } from './permissions/types.ts';

export const ACCOUNT_ROLES: readonly AccountRole[] = ['sys', 'backbone', 'core', 'siem', 'tenant'];

export type AccountKeys = { readonly identity: Nkey; readonly signing: Nkey };

export type BrokerKeys = {
  readonly operator: Nkey;
  readonly operatorSigning: Nkey;
  readonly accounts: Readonly<Record<AccountRole, AccountKeys>>;
  readonly connectorSigner: Nkey;
};

/** Every private key of the broker, made on first use. A key that is gone while its JWT is there is an error: a new one would orphan all it signed. */
export async function loadBrokerKeys(
  directory: string,
  jwtFiles: { readonly operator: string } & Readonly<Record<AccountRole, string>>,
): Promise<BrokerKeys> {
  const load = async (name: string, kind: NkeyKind, dependent?: string) => {
    const path = join(directory, `${name}.nk`);
    if (dependent && (await isThere(dependent)) && !(await isThere(path)))
      throw corrupt(path, `is missing while ${dependent} was made with it`, 'restore the key from a backup');
    try {
      return await loadOrCreateSeedFile(path, kind);
    } catch (cause) {
      if (!(cause instanceof SallyportError)) throw cause;
      throw new SallyportError('ERR_BROKER_CORRUPT', cause.message, { cause, expose: true, details: cause.details });
    }
  };
  const account = async (role: AccountRole): Promise<AccountKeys> => ({
    identity: await load(role, 'account', jwtFiles[role]),
    signing: await load(`${role}-signing`, 'account', jwtFiles[role]),
  });
  return {
    operator: await load('operator', 'operator', jwtFiles.operator),
    operatorSigning: await load('operator-signing', 'operator', jwtFiles.operator),
    accounts: {
      sys: await account('sys'),
      backbone: await account('backbone'),
      core: await account('core'),
      siem: await account('siem'),
      tenant: await account('tenant'),
    },
    connectorSigner: await load('connector-signing', 'account', jwtFiles.tenant),
  };
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
