/** What the CLI needs of its process; only main.ts makes one, specs make others. */
export type CliHost = {
  /** Without the program. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly projectRoot: string;
  readonly homeDir: string;
  /** Who runs it, recorded with what the local operator does. */
  readonly userName: string;
  readonly isTerminal: boolean;
  /** Standard input to its end, at most 64 KiB; undefined when it is a terminal, which would show what is typed. */
  readInput(): Promise<string | undefined>;
  print(text: string): void;
  printError(text: string): void;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** Runs another service's program in the foreground; resolves with its exit code. */
  runProgram(service: string, args: readonly string[]): Promise<number>;
};
