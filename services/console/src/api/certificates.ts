import { z } from 'zod';
import { changeServerCertificate, serverCertificate } from '#libs/contracts';
import { coversHost, MAX_PEM_CHARACTERS } from '#libs/server-certificates';
import type { CertificateFiles, ListedCertificate } from '../certificate-files.ts';
import { refuseRequest } from '../errors.ts';
import { param } from './apps.ts';
import { contextOf } from './commands.ts';
import { type Backbone, type Call, type Route, route } from './route.ts';

const MAX_EXPECTED_HOSTS = 100;
const installed = serverCertificate.extend({ name: z.string() });
/** `fault` says why a pair in the folder cannot serve; then the rest is null. */
const listed = z.object({
  name: z.string(),
  certificate: serverCertificate.nullable(),
  fault: z.object({ reason: z.string(), detail: z.string(), remedy: z.string() }).nullable(),
});
const removed = z.object({ name: z.string(), removed: z.literal(true) });
const body = z.strictObject({
  /** PEM: the certificate of the server first, then its issuers. */
  certificate: z.string().min(1).max(MAX_PEM_CHARACTERS),
  /** PEM, without a password. Written to the ingress's folder and nowhere else. */
  privateKey: z.string().min(1).max(MAX_PEM_CHARACTERS),
  /** Refuse the certificate unless it covers each of these. */
  hosts: z.array(z.string().min(1).max(253)).max(MAX_EXPECTED_HOSTS).optional(),
});

/** `files` is undefined where the console does not run beside an ingress. */
export function certificateRoutes(backbone: Backbone, files: CertificateFiles | undefined): readonly Route[] {
  const path = '/certificates/:name';
  return [
    route({
      method: 'get',
      path: '/certificates',
      summary: 'List the certificates that the ingress chooses from by host name',
      reply: { schema: z.object({ certificates: z.array(listed) }) },
      handle: async () => ({ body: { certificates: (await requireFiles(files).list()).map(toListed) } }),
    }),
    route({
      method: 'put',
      path,
      summary: 'Install a certificate chain with its key, or replace them',
      body,
      reply: { schema: installed },
      handle: async ({ body: given, call }) => {
        const folder = requireFiles(files);
        const name = param(call, 'name');
        const pair = { chain: given.certificate, key: given.privateKey };
        const { chain, ...summary } = await folder.judge(name, pair);
        requireCovered(summary.hosts, given.hosts ?? []);
        const certificate = { ...summary, hosts: [...summary.hosts] };
        // On record before it serves: a write that fails can be repeated, an act without a record cannot be mended.
        await record(backbone, call, { type: 'InstallServerCertificate', name, certificate });
        await folder.write(name, { chain, key: pair.key });
        return { body: { name, ...certificate } };
      },
    }),
    route({
      method: 'delete',
      path,
      summary: 'Remove a certificate; hosts without another get the default one',
      reply: { schema: removed },
      handle: async ({ call }) => {
        const folder = requireFiles(files);
        const name = param(call, 'name');
        await folder.require(name);
        await record(backbone, call, { type: 'RemoveServerCertificate', name });
        await folder.remove(name);
        return { body: { name, removed: true } };
      },
    }),
  ];
}

async function record(
  backbone: Backbone,
  call: Call,
  command: z.input<typeof changeServerCertificate.request>['command'],
): Promise<void> {
  await backbone.ask(changeServerCertificate, { ...contextOf(call), command });
}

function requireFiles(files: CertificateFiles | undefined): CertificateFiles {
  if (files) return files;
  throw refuseRequest(
    'ERR_CERTIFICATE_FOLDER',
    'this console has no folder of certificates (certificatesDirectory): put the pair into the folder of each ingress by hand',
  );
}

function requireCovered(covered: readonly string[], expected: readonly string[]): void {
  const missing = expected.filter(
    (host) => !covered.some((one) => coversHost(one, host.toLowerCase()) || one === host),
  );
  if (missing.length === 0) return;
  throw refuseRequest(
    'ERR_CERTIFICATE_REFUSED',
    `the certificate does not cover ${missing.join(', ')}, only ${covered.slice(0, 10).join(', ')}: have it issued for all of them, or install several`,
    { reason: 'host-not-covered', hosts: missing.join(' ') },
  );
}

function toListed({ name, verdict }: ListedCertificate): z.infer<typeof listed> {
  if (verdict.status === 'refused') return { name, certificate: null, fault: verdict.fault };
  const { chain: _chain, ...certificate } = verdict.certificate;
  return { name, certificate: { ...certificate, hosts: [...certificate.hosts] }, fault: null };
}
