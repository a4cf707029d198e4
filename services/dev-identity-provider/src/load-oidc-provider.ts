import type { Logger } from '#libs/telemetry';

export type OidcProviderModule = typeof import('oidc-provider');

/**
 * Runs `work` with oidc-provider, whose notices (unsupported runtime, in-memory adapter) go to the console: for that time
 * they go to the log instead. The module is loaded here, not at import, because it speaks while loading.
 */
export async function withOidcProvider<T>(logger: Logger, work: (module: OidcProviderModule) => T): Promise<T> {
  const { info, warn } = console;
  const toLog = (notice: unknown) => logger.debug('oidc-provider notice', { notice: String(notice) });
  console.info = toLog;
  console.warn = toLog;
  try {
    return work(await import('oidc-provider'));
  } finally {
    console.info = info;
    console.warn = warn;
  }
}
