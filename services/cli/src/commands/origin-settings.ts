import type { Arguments, Option } from '../command.ts';
import { onOff, readChoice, readNamedFile, readOffOr, readOnOff } from './setting-values.ts';

/** How the connector talks to the origin. */
export const originOptions: Readonly<Record<string, Option>> = {
  'validate-certificate': onOff('check the certificate of an https origin (default on)'),
  'origin-ca': {
    type: 'string',
    value: 'file|off',
    summary: 'PEM certificates an https origin may chain to (default: those the connector trusts)',
  },
  'origin-client-certificate': {
    type: 'string',
    value: 'name|off',
    summary: "client certificate for the origin: <name>.crt and <name>.key in the connector's secrets folder",
  },
  'origin-protocol': { type: 'string', value: 'auto|http1|h2', summary: 'what to speak to the origin (default auto)' },
};

export async function readOrigin(args: Arguments, cwd: string): Promise<Record<string, unknown>> {
  const authority = readOffOr(args, 'origin-ca', (path) => path);
  return {
    validateBackendCertificate: readOnOff(args, 'validate-certificate'),
    originCertificateAuthority:
      typeof authority === 'string' ? await readNamedFile('origin-ca', authority, cwd) : authority,
    originClientCertificate: readOffOr(args, 'origin-client-certificate', (name) => name),
    originProtocol: readChoice(args, 'origin-protocol', ['auto', 'http1', 'h2']),
  };
}
