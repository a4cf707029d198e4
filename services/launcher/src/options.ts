import { parseArgs } from 'node:util';
import { SallyportError } from '#libs/errors';

export type LauncherOptions = {
  /** Where keys, streams, configuration and logs live. Default `.sallyport` in the working directory. */
  readonly dataDir: string;
  /** Public port of the ingress. Default 8443; 0 picks a free one and keeps it. */
  readonly port: number;
  /** External domain: apps are published under `<name>.<domain>`. Default `sallyport.localhost`. */
  readonly domain: string;
  /** .mmdb file with countries of addresses, for policies; null: none. Default null. */
  readonly countryDatabase: string | null;
  /** JSON lines on stdout instead of a box for people. */
  readonly isJson: boolean;
  /** Whether a second development identity provider runs, `partners`, that apps may name. Default false. */
  readonly hasSecondIdentityProvider: boolean;
  /** Whether the two sample apps are published. Default true. */
  readonly hasSampleApps: boolean;
};

export const DEFAULT_PORT = 8443;
export const DEFAULT_DOMAIN = 'sallyport.localhost';
const DOMAIN_PATTERN = /^(?=.{1,200}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/;

export const USAGE = `usage: npm start -- [options]

Brings up the whole of Sallyport on this machine, with a development identity provider and two sample apps.

  --data-dir DIR      where keys, events, configuration and logs live (default .sallyport)
  --port PORT         public port of the ingress (default ${DEFAULT_PORT}; 0 picks a free one)
  --domain DOMAIN     apps are published under <name>.DOMAIN (default ${DEFAULT_DOMAIN})
  --country-database FILE
                      .mmdb file with countries of addresses, for conditional access policies
  --no-sample-apps    publish nothing
  --second-identity-provider
                      run another development identity provider, "partners", that apps may name
  --json              print JSON lines instead of a box
  --help              print this text

Ctrl-C drains and stops everything.
`;

/** Errors: ERR_LAUNCHER_USAGE names the option and what was expected. `help: true` asks for the usage text. */
export function parseLauncherOptions(argv: readonly string[]): LauncherOptions | { readonly help: true } {
  const values = parse(argv);
  if (values.help) return { help: true };
  const domain = values.domain ?? DEFAULT_DOMAIN;
  if (!DOMAIN_PATTERN.test(domain))
    throw usage(
      `--domain ${JSON.stringify(domain)} is not a domain of two or more labels, for example ${DEFAULT_DOMAIN}`,
    );
  return {
    dataDir: values['data-dir'] ?? '.sallyport',
    port: parsePort(values.port),
    domain,
    countryDatabase: values['country-database'] ?? null,
    hasSecondIdentityProvider: values['second-identity-provider'] ?? false,
    isJson: values.json ?? false,
    hasSampleApps: !(values['no-sample-apps'] ?? false),
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: false,
      options: {
        'data-dir': { type: 'string' },
        port: { type: 'string' },
        domain: { type: 'string' },
        'country-database': { type: 'string' },
        json: { type: 'boolean' },
        'no-sample-apps': { type: 'boolean' },
        'second-identity-provider': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (cause) {
    throw usage(cause instanceof Error ? cause.message : 'options cannot be read', cause);
  }
}

function parsePort(text: string | undefined): number {
  if (text === undefined) return DEFAULT_PORT;
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw usage(`--port ${JSON.stringify(text)} is not a port, expected 0 to 65535`);
}

function usage(message: string, cause?: unknown): SallyportError {
  return new SallyportError('ERR_LAUNCHER_USAGE', message, { expose: true, cause });
}
