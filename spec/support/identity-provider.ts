import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfig } from '#libs/config';
import { demoDirectory } from '#libs/demo-directory';
import { createLogger, type Logger } from '#libs/telemetry';
import { devIdentityProviderConfig } from '../../services/dev-identity-provider/src/config.ts';
import { startDevIdentityProvider } from '../../services/dev-identity-provider/src/service.ts';
import { type TlsFiles, writeTlsCertificate } from './tls-certificate.ts';

export { type FormSignIn, obtainToken, ScriptedBrowser, signInByForm } from '#libs/identity';
export { demoDirectory };

export type IdentityProviderOptions = {
  /** Redirect URIs of the web client. Default: that of `login.sallyport.localhost:8443`. */
  readonly redirectUris?: readonly string[];
  readonly postLogoutRedirectUris?: readonly string[];
  /** Where logout tokens go. Default: nowhere. */
  readonly backChannelLogout?: { readonly uri: string; readonly caFile?: string };
  /** Default: shaped like Entra ID. */
  readonly shape?: 'entra' | 'openid';
  /** Default: the demo users. */
  readonly users?: readonly unknown[];
  /** Default 0: any free port. */
  readonly port?: number;
};

export type RunningIdentityProvider = {
  readonly issuer: string;
  readonly port: number;
  readonly tenantId: string;
  readonly clientIds: { readonly web: string; readonly cli: string; readonly api: string };
  readonly clientSecret: string;
  readonly clientSecretFile: string;
  /** CA certificate in PEM, and as a file. */
  readonly ca: string;
  readonly caFile: string;
  /** Ends the provider; its signing key stays for `restart`. */
  readonly halt: () => Promise<void>;
  /** Same port, same signing key, no sign-in sessions. */
  readonly restart: () => Promise<void>;
  /** Halts and removes the temporary folder. Safe to call twice. */
  readonly stop: () => Promise<void>;
};

export const quietLogger: Logger = createLogger({ service: 'spec', write: () => {} });

/** The real development identity provider in this process, on 127.0.0.1 with a TLS certificate of its own. */
export async function startIdentityProvider(options: IdentityProviderOptions = {}): Promise<RunningIdentityProvider> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-idp-'));
  const tls: TlsFiles = await writeTlsCertificate(folder);
  const clientSecret = 'development-client-secret';
  const clientSecretFile = join(folder, 'client-secret');
  writeFileSync(clientSecretFile, `${clientSecret}\n`, { mode: 0o600 });
  const start = (port: number) =>
    startDevIdentityProvider(
      parseConfig(
        devIdentityProviderConfig,
        {
          port,
          tls: { certFile: tls.certFile, keyFile: tls.keyFile },
          keyFile: join(folder, 'signing.pem'),
          clients: {
            web: {
              clientSecretFile,
              redirectUris: options.redirectUris ?? ['https://login.sallyport.localhost:8443/.sallyport/callback'],
              postLogoutRedirectUris: options.postLogoutRedirectUris ?? [],
              ...(options.backChannelLogout && { backChannelLogout: options.backChannelLogout }),
            },
          },
          ...(options.shape === undefined ? {} : { shape: options.shape }),
          ...(options.users === undefined ? {} : { users: options.users }),
        },
        'spec',
      ),
      { logger: quietLogger },
    );
  let running: Awaited<ReturnType<typeof start>> | undefined = await start(options.port ?? 0);
  const { issuer, port } = running;
  const halt = async () => {
    await running?.stop();
    running = undefined;
  };
  return {
    issuer,
    port,
    tenantId: demoDirectory.tenantId,
    clientIds: demoDirectory.clientIds,
    clientSecret,
    clientSecretFile,
    ca: tls.cert,
    caFile: tls.certFile,
    halt,
    restart: async () => {
      await halt();
      running = await start(port);
    },
    stop: async () => {
      await halt();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
