import { join } from 'node:path';

export const REALM = 'EXAMPLE.TEST';
/** The origin's account, to which the connector's may delegate; and one to which it may not. */
export const APP_SPN = 'HTTP/app.example.test';
export const OTHER_SPN = 'HTTP/other.example.test';
export const CONNECTOR = 'HTTP/connector.example.test';
export const SUFFIX = 'dc=example,dc=test';
export const ADMIN = `cn=admin,${SUFFIX}`;
export const PASSWORD = 'spec-only';

export function clientConfiguration(port: number): string {
  return `[libdefaults]
 default_realm = ${REALM}
 dns_lookup_kdc = false
 dns_lookup_realm = false
 dns_canonicalize_hostname = false
 rdns = false
 forwardable = true
[realms]
 ${REALM} = {
  kdc = 127.0.0.1:${port}
 }
[domain_realm]
 .example.test = ${REALM}
`;
}

export function kdcConfiguration(
  folder: string,
  port: number,
  { modules, ldapUrl }: { readonly modules: string; readonly ldapUrl: string },
): string {
  return `[realms]
 ${REALM} = {
  database_module = ldap
  key_stash_file = ${folder}/stash
  kdc_listen = 127.0.0.1:${port}
  kdc_tcp_listen = 127.0.0.1:${port}
 }
[dbmodules]
 db_module_dir = ${modules}
 ldap = {
  db_library = kldap
  ldap_kerberos_container_dn = "cn=krb,${SUFFIX}"
  ldap_kdc_dn = "${ADMIN}"
  ldap_kadmind_dn = "${ADMIN}"
  ldap_service_password_file = ${folder}/service.keyfile
  ldap_servers = ${ldapUrl}
 }
[logging]
 kdc = FILE:${folder}/kdc.log
`;
}

/** The connector may delegate to the app alone; and alice has a user principal name of another suffix than the realm. */
export function delegation(): string {
  const entry = (name: string) => `krbPrincipalName=${name}@${REALM},cn=${REALM},cn=krb,${SUFFIX}`;
  return `dn: ${entry(CONNECTOR)}
changetype: modify
add: krbAllowedToDelegateTo
krbAllowedToDelegateTo: ${APP_SPN}@${REALM}

dn: ${entry('alice')}
changetype: modify
add: krbCanonicalName
krbCanonicalName: alice@${REALM}
-
add: krbPrincipalName
krbPrincipalName: alice.smith@corp.example@${REALM}
`;
}

export function originConfiguration(
  own: { readonly folder: string; readonly port: number; readonly isBound: boolean; readonly keytab: string },
  root: string,
): string {
  const { folder, port, isBound, keytab } = own;
  const modules = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'headers', 'dir', 'auth_gssapi'];
  const load = modules.map(
    (name) => `LoadModule ${name}_module ${join(root, 'usr/lib/apache2/modules', `mod_${name}.so`)}`,
  );
  return `${load.join('\n')}
ServerRoot ${folder}
DefaultRuntimeDir ${folder}
ServerName app.example.test
Listen 127.0.0.1:${port}
PidFile ${folder}/httpd.pid
ErrorLog ${folder}/error.log
${process.getuid?.() === 0 ? 'User nobody\nGroup nogroup' : ''}
DocumentRoot ${folder}/www
Header always set X-Origin-User "expr=%{REMOTE_USER}"
<Location />
 AuthType GSSAPI
 AuthName spec
 GssapiCredStore keytab:${keytab}
 GssapiAllowedMech krb5
 GssapiConnectionBound ${isBound ? 'On' : 'Off'}
 Require valid-user
</Location>
<Location /open/>
 AuthType None
 Require all granted
</Location>
`;
}
