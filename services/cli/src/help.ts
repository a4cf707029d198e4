import { COMMON_OPTIONS, type Command, type Option } from './command.ts';
import { renderTable } from './output/table.ts';

export function renderOverview(commands: readonly Command[]): string {
  const rows = commands.map((command) => [`  ${usageOf(command)}`, command.summary]);
  const shown = withoutHeader(renderTable(['', ''], rows));
  return `Usage: sallyport <command> [options]

${shown}
Options of every command:
${renderOptions(COMMON_OPTIONS)}
Exit codes: 0 done, 2 wrong use, 3 refused, 4 unavailable (try again), 70 bug.
\`sallyport <command> --help\` tells more.
`;
}

export function renderHelp(command: Command): string {
  const own =
    Object.keys(command.options ?? {}).length > 0 ? `\nOptions:\n${renderOptions(command.options ?? {})}` : '';
  const common = command.isPassedOn ? '' : `\nOptions of every command:\n${renderOptions(COMMON_OPTIONS)}`;
  const details = command.details === undefined ? '' : `\n${command.details}\n`;
  const suffix = command.isPassedOn ? ' [arguments]' : ' [options]';
  return `Usage: sallyport ${usageOf(command)}${suffix}\n\n${command.summary}.\n${details}${own}${common}`;
}

export function usageOf(command: Command): string {
  const positionals = (command.positionals ?? []).map(({ name, isOptional, isRepeated }) => {
    const shown = isRepeated ? `<${name}>...` : `<${name}>`;
    return isOptional ? `[${shown}]` : shown;
  });
  return [command.name, ...positionals].join(' ');
}

function renderOptions(options: Readonly<Record<string, Option>>): string {
  const rows = Object.entries(options).map(([name, { short, value, summary }]) => [
    `  ${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` <${value}>`}`,
    summary,
  ]);
  return withoutHeader(renderTable(['', ''], rows));
}

function withoutHeader(table: string): string {
  return table.slice(table.indexOf('\n') + 1);
}
