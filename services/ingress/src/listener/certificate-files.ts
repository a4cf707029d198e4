import { readFile, stat } from 'node:fs/promises';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Logger } from '#libs/telemetry';
import { certificateInvalid } from '../errors.ts';

const POLL_INTERVAL_MS = 60_000;

/** TLS 1.3 suites, then TLS 1.2 suites with forward secrecy: AEAD only. */
export const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

export type CertificateFiles = { readonly certFile: string; readonly keyFile: string };

/** What both the listener and a later reload need. */
export type TlsSettings = {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly minVersion: 'TLSv1.2';
  readonly ciphers: string;
  readonly honorCipherOrder: true;
  /** Chooses another certificate by the name the client asks for; undefined: this one. */
  readonly SNICallback?: (servername: string, done: (error: Error | null, context?: SecureContext) => void) => void;
};

/** Error ERR_INGRESS_CERTIFICATE when the files are unreadable, not PEM or not a pair. */
export async function readCertificate(files: CertificateFiles): Promise<TlsSettings> {
  try {
    const [cert, key] = await Promise.all([readFile(files.certFile), readFile(files.keyFile)]);
    const settings = { cert, key, minVersion: 'TLSv1.2', ciphers: CIPHERS, honorCipherOrder: true } as const;
    createSecureContext(settings);
    return settings;
  } catch (cause) {
    throw certificateInvalid(files.certFile, files.keyFile, cause);
  }
}

/**
 * Looks every 60 s whether the files changed; new connections get the new certificate, running ones stay. A pair that
 * cannot be used is logged and the last good one keeps serving.
 */
export function watchCertificate(
  server: { setSecureContext(settings: TlsSettings): void },
  files: CertificateFiles,
  logger: Logger,
  intervalMs: number = POLL_INTERVAL_MS,
): { stop(): void; check(): Promise<void> } {
  let known: string | undefined;
  const check = async () => {
    try {
      const [cert, key] = await Promise.all([stat(files.certFile), stat(files.keyFile)]);
      const seen = `${cert.mtimeMs} ${cert.size} ${key.mtimeMs} ${key.size}`;
      if (known !== undefined && seen !== known) {
        server.setSecureContext(await readCertificate(files));
        logger.info('certificate read again', { certFile: files.certFile });
      }
      known = seen;
    } catch (error) {
      logger.error('certificate not read again, the last one stays', { error });
    }
  };
  void check();
  const timer = setInterval(() => void check(), intervalMs);
  timer.unref();
  return { stop: () => clearInterval(timer), check };
}
