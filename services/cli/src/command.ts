import type { CliHost } from './host.ts';
import type { Output } from './output/output.ts';
import type { Api } from './system/api-client.ts';
import type { Connection } from './system/connection.ts';

// node:util parseArgs reads the options; the table below is all that commander would add, so there is no dependency.

export type Option = {
  readonly type: 'string' | 'boolean';
  readonly multiple?: boolean;
  readonly short?: string;
  /** Shown in the help as `--name <value>`. */
  readonly value?: string;
  readonly summary: string;
};

export type Positional = { readonly name: string; readonly isOptional?: boolean; readonly isRepeated?: boolean };

export type Command = {
  /** One or two words: `publish`, `apps list`. */
  readonly name: string;
  readonly summary: string;
  /** More for the command's own help: paragraphs and examples. */
  readonly details?: string;
  readonly positionals?: readonly Positional[];
  readonly options?: Readonly<Record<string, Option>>;
  /** Arguments go on as they are, `--help` excepted. */
  readonly isPassedOn?: boolean;
  /** A number is the exit code. */
  readonly run: (context: CommandContext) => Promise<number | undefined>;
};

export type CommandContext = {
  readonly host: CliHost;
  readonly out: Output;
  readonly args: Arguments;
  /** The running system, from its data directory or the options. Error: ERR_CLI_UNAVAILABLE. */
  readonly connection: () => Promise<Connection>;
  /** The API of the running system with a token. */
  readonly api: () => Promise<Api>;
};

export type Arguments = {
  /** A positional that the table calls required. */
  required(name: string): string;
  optional(name: string): string | undefined;
  /** All values of the repeated last positional. */
  rest(name: string): readonly string[];
  text(option: string): string | undefined;
  texts(option: string): readonly string[];
  has(option: string): boolean;
  /** Everything after the command's name, for commands that pass it on. */
  readonly raw: readonly string[];
};

/** Options every command takes. */
export const COMMON_OPTIONS: Readonly<Record<string, Option>> = {
  'data-dir': {
    type: 'string',
    value: 'folder',
    summary: 'of the running system (default .sallyport here, then in the project)',
  },
  'api-url': { type: 'string', value: 'url', summary: 'of the admin API, in place of the one in the data directory' },
  'ca-file': { type: 'string', value: 'file', summary: 'CA certificate of the API, PEM' },
  token: { type: 'string', value: 'jwt', summary: 'access token for the API (or SALLYPORT_TOKEN)' },
  json: { type: 'boolean', summary: 'print JSON' },
  help: { type: 'boolean', short: 'h', summary: 'show this' },
};
