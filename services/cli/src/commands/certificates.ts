import { z } from 'zod';
import { addressesOf, type ShownApp, serverCertificate } from '#libs/contracts';
import { coversHost } from '#libs/server-certificates';
import type { Command } from '../command.ts';
import { usageError } from '../errors.ts';
import { printable } from '../output/table.ts';
import { listApps } from './resources.ts';
import { readNamedFile } from './setting-values.ts';

const installed = serverCertificate.extend({ name: z.string() });
const listed = z.object({
  name: z.string(),
  certificate: serverCertificate.nullable(),
  fault: z.object({ reason: z.string(), detail: z.string(), remedy: z.string() }).nullable(),
});
const removed = z.object({ name: z.string(), removed: z.literal(true) });
const certificateList = z.object({ certificates: z.array(listed) });
type Listed = z.infer<typeof listed>;

export const certificateCommands: readonly Command[] = [
  {
    name: 'certificates list',
    summary: 'List the certificates of custom domains, and hosts of apps that none covers',
    run: async ({ api: connect, connection, out }) => {
      const api = await connect();
      const [{ certificates }, apps] = await Promise.all([
        api.call(certificateList, 'GET', 'certificates'),
        listApps(api),
      ]);
      const { portalUrl } = await connection();
      const uncovered = uncoveredHosts(apps, certificates, portalUrl);
      out.result({ certificates, uncovered }, () => {
        const table = out.table(
          ['name', 'hosts', 'until', 'issuer'],
          certificates.map(rowOf),
          'no certificates: add one with `sallyport certificates add <name> --cert <file> --key <file>`',
        );
        return uncovered.length === 0 ? table : `${table}\nonly the default certificate: ${uncovered.join(', ')}\n`;
      });
      return undefined;
    },
  },
  {
    name: 'certificates add',
    summary: 'Install a certificate chain with its key for a custom domain, or replace them',
    details:
      'The ingress takes it within a second, running connections stay. The key goes over the API to the folder of the\ningress on the host of the console, and nowhere else.\n\nExample:\n  sallyport certificates add example-com --cert fullchain.pem --key privkey.pem --host wiki.example.com',
    positionals: [{ name: 'name' }],
    options: {
      cert: { type: 'string', value: 'file', summary: 'PEM: the certificate of the server first, then its issuers' },
      key: { type: 'string', value: 'file', summary: 'PEM, without a password' },
      host: {
        type: 'string',
        multiple: true,
        value: 'host',
        summary: 'refuse the certificate unless it covers this one; may be repeated',
      },
    },
    run: async ({ api: connect, args, out, host }) => {
      const [cert, key] = [args.text('cert'), args.text('key')];
      if (cert === undefined || key === undefined) throw usageError('name both files: --cert <file> --key <file>');
      const certificate = await readNamedFile('cert', cert, host.cwd);
      const privateKey = await readNamedFile('key', key, host.cwd);
      const hosts = args.texts('host');
      const body = { certificate, privateKey, ...(hosts.length === 0 ? {} : { hosts }) };
      const api = await connect();
      const path = `certificates/${encodeURIComponent(args.required('name'))}`;
      const added = await api.call(installed, 'PUT', path, { body });
      out.result(added, () => `${printable(added.name)} serves ${added.hosts.join(', ')} until ${added.notAfter}\n`);
      return undefined;
    },
  },
  {
    name: 'certificates remove',
    summary: 'Remove one; its hosts get the default certificate unless another covers them',
    positionals: [{ name: 'name' }],
    run: async ({ api: connect, args, out }) => {
      const name = args.required('name');
      const api = await connect();
      const gone = await api.call(removed, 'DELETE', `certificates/${encodeURIComponent(name)}`);
      out.result(gone, () => `${printable(name)} is removed\n`);
      return undefined;
    },
  },
];

function rowOf({ name, certificate, fault }: Listed): readonly string[] {
  if (certificate) return [name, certificate.hosts.join(', '), certificate.notAfter, certificate.issuer];
  return [name, '-', fault === null ? '-' : `not usable: ${fault.detail}`, '-'];
}

/** The default certificate covers one name under the gate's domain; every other host of an app needs one here. */
function uncoveredHosts(
  apps: readonly ShownApp[],
  certificates: readonly Listed[],
  portalUrl: string | undefined,
): readonly string[] {
  const own = portalUrl === undefined ? [] : [new URL(portalUrl).hostname.replace(/^[^.]+/, '*')];
  const covered = [...own, ...certificates.flatMap(({ certificate }) => certificate?.hosts ?? [])];
  const hosts = apps.flatMap((app) => addressesOf(app).map(({ externalUrl }) => new URL(externalUrl).hostname));
  const isCovered = (host: string) => covered.some((one) => one === host || coversHost(one, host));
  return [...new Set(hosts)].filter((host) => !isCovered(host)).sort();
}
