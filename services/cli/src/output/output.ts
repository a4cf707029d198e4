import type { CliHost } from '../host.ts';
import { printable, renderTable } from './table.ts';

export type Output = {
  readonly isJson: boolean;
  /** JSON with --json, else the text a person reads. */
  result(value: unknown, text: () => string): void;
  /** One of many results that come over time: a line of JSON with --json. */
  item(value: unknown, text: () => string): void;
  /** For people only, on stderr. */
  note(text: string): void;
  readonly table: (header: readonly string[], rows: readonly (readonly string[])[], whenEmpty: string) => string;
  bold(text: string): string;
  dim(text: string): string;
};

/** Colors on a terminal only, and not with NO_COLOR or --json. */
export function createOutput(host: CliHost, isJson: boolean): Output {
  const isColored = host.isTerminal && !isJson && (host.env.NO_COLOR ?? '') === '';
  const style = (code: number) => (text: string) => (isColored ? `\u001b[${code}m${text}\u001b[0m` : text);
  const bold = style(1);
  const dim = style(2);
  return {
    isJson,
    result: (value, text) => host.print(isJson ? `${JSON.stringify(value, null, 2)}\n` : text()),
    item: (value, text) => host.print(isJson ? `${JSON.stringify(value)}\n` : text()),
    note: (text) => {
      if (!isJson) host.printError(`${text}\n`);
    },
    table: (header, rows, whenEmpty) => {
      if (rows.length === 0) return `${whenEmpty}\n`;
      const cells = rows.map((row) => row.map(printable));
      return renderTable(header.map(dim), cells);
    },
    bold,
    dim,
  };
}
