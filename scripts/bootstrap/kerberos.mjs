import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { unpackFromDebian } from './debian-package.mjs';
import { BootstrapError, reasonOf } from './failure.mjs';
import { withFileLock } from './file-lock.mjs';
import { lockPath, logToStderr, PROJECT_ROOT } from './project.mjs';

/** A realm whose KDC knows constrained delegation (MIT over LDAP), and a web server that takes its tickets. */
const PACKAGES = [
  'krb5-kdc',
  'krb5-kdc-ldap',
  'krb5-admin-server',
  'slapd',
  'ldap-utils',
  'libapache2-mod-auth-gssapi',
];
/** Of one version with those, whatever the machine has. */
const ALWAYS = ['apache2-bin', 'libgssapi-krb5-2', 'libkrb5-3', 'libk5crypto3', 'libkrb5support0'];

const NEEDED = [
  'usr/sbin/krb5kdc',
  'usr/sbin/kadmin.local',
  'usr/sbin/kdb5_ldap_util',
  'usr/sbin/slapd',
  'usr/sbin/apache2',
  'usr/bin/ldapmodify',
  'etc/ldap/schema/core.schema',
  'usr/share/doc/krb5-kdc-ldap/kerberos.schema.gz',
  'usr/lib/apache2/modules/mod_auth_gssapi.so',
  'usr/lib/ldap/back_mdb.so',
];
const VARIABLE = 'SALLYPORT_KERBEROS';
const FOLDER = 'kerberos';
const MAX_WAIT_MS = 5 * 60_000;

/**
 * @param {string} root folder as `/` would be
 * @returns {string | undefined} what is missing there
 */
export function missingOfKerberos(root) {
  const absent = NEEDED.find((path) => !existsSync(join(root, path)));
  if (absent !== undefined) return join(root, absent);
  const triplets = readdirSync(join(root, 'usr/lib')).filter((name) => name.includes('linux'));
  const isModuleThere = triplets.some((name) => existsSync(join(root, 'usr/lib', name, 'krb5/plugins/kdb/kldap.so')));
  return isModuleThere ? undefined : join(root, 'usr/lib/<machine>/krb5/plugins/kdb/kldap.so');
}

/**
 * The folder under which the programs of a Kerberos realm lie: what SALLYPORT_KERBEROS names, else the machine itself, else
 * `.tools/kerberos`, else Debian's packages unpacked there.
 * @param {import('./fetched-tool.mjs').Options & { unpack?: typeof unpackFromDebian }} [options]
 * @returns {Promise<string>}
 * @throws {BootstrapError} ERR_BOOTSTRAP_KERBEROS
 */
export async function findOrFetchKerberos({
  env = process.env,
  log = logToStderr,
  root = PROJECT_ROOT,
  unpack = unpackFromDebian,
} = {}) {
  const named = env[VARIABLE];
  if (named !== undefined && named !== '') {
    const missing = missingOfKerberos(named);
    if (missing === undefined) return named;
    throw new BootstrapError('ERR_BOOTSTRAP_KERBEROS', `${VARIABLE} names no folder of a Kerberos realm`, {
      tried: [`${missing} is absent`],
      mend: `unset ${VARIABLE}`,
    });
  }
  const own = join(root, '.tools', FOLDER);
  for (const place of ['/', own]) if (missingOfKerberos(place) === undefined) return place;
  return withFileLock(lockPath(root, FOLDER), { maxWaitMs: MAX_WAIT_MS, onWait: () => undefined }, async () => {
    if (missingOfKerberos(own) === undefined) return own;
    mkdirSync(join(root, '.tools'), { recursive: true });
    const workFolder = mkdtempSync(join(root, '.tools', `.fetch-${FOLDER}-`));
    const startedAt = Date.now();
    try {
      log("fetching a Kerberos realm by Debian's packages");
      const target = join(workFolder, 'root');
      await unpack({ names: PACKAGES, always: ALWAYS, workFolder, target, env });
      const missing = missingOfKerberos(target);
      if (missing !== undefined) throw new Error(`the packages hold no ${missing}`);
      rmSync(own, { recursive: true, force: true });
      renameSync(target, own);
      log(`Kerberos realm ready in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
      return own;
    } catch (error) {
      throw new BootstrapError('ERR_BOOTSTRAP_KERBEROS', 'no Kerberos realm was found, and none could be fetched', {
        tried: [`debian packages: ${reasonOf(error)}`],
        mend: `apt-get install ${PACKAGES.join(' ')}`,
      });
    } finally {
      rmSync(workFolder, { recursive: true, force: true });
    }
  });
}
