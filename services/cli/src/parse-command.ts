import { parseArgs } from 'node:util';
import { type Arguments, COMMON_OPTIONS, type Command } from './command.ts';
import { usageError } from './errors.ts';
import { usageOf } from './help.ts';

export type Parsed =
  | { readonly kind: 'overview' }
  | { readonly kind: 'help'; readonly command: Command }
  | { readonly kind: 'run'; readonly command: Command; readonly args: Arguments };

/** Error ERR_CLI_USAGE names what is wrong and what was expected. */
export function parseCommand(argv: readonly string[], commands: readonly Command[]): Parsed {
  const [first, second] = argv;
  if (first === undefined || first === '--help' || first === '-h' || first === 'help')
    return overviewOrHelp(argv, commands);
  const command =
    commands.find(({ name }) => name === `${first} ${second}`) ?? commands.find(({ name }) => name === first);
  if (command === undefined) throw unknownCommand(argv, commands);
  const raw = argv.slice(command.name.split(' ').length);
  if (command.isPassedOn && raw[0] !== '--help' && raw[0] !== '-h')
    return { kind: 'run', command, args: argumentsOf(command, raw, { values: {}, positionals: [] }) };
  const parsed = parseOptions(command, raw);
  if (parsed.values.help === true) return { kind: 'help', command };
  requirePositionals(command, parsed.positionals);
  return { kind: 'run', command, args: argumentsOf(command, raw, parsed) };
}

function overviewOrHelp(argv: readonly string[], commands: readonly Command[]): Parsed {
  const name = argv.slice(1).join(' ');
  const command = argv[0] === 'help' ? commands.find((one) => one.name === name) : undefined;
  if (command !== undefined) return { kind: 'help', command };
  if (argv[0] === 'help' && name !== '') throw unknownCommand(argv.slice(1), commands);
  return { kind: 'overview' };
}

function unknownCommand(argv: readonly string[], commands: readonly Command[]): Error {
  const [first = '', second] = argv;
  const family = commands.filter(({ name }) => name.startsWith(`${first} `)).map(({ name }) => name.split(' ')[1]);
  const isFamily = family.length > 0;
  const what = isFamily && second !== undefined && !second.startsWith('-') ? `${first} ${second}` : first;
  const remedy = isFamily ? `expected ${first} ${family.join('|')}` : 'see `sallyport --help`';
  return usageError(
    isFamily && what === first
      ? `${first} needs one more word: ${remedy}`
      : `no command ${JSON.stringify(what)}: ${remedy}`,
  );
}

type Values = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;
type ParsedOptions = { readonly values: Values; readonly positionals: readonly string[] };

function parseOptions(command: Command, raw: readonly string[]): ParsedOptions {
  const table = { ...command.options, ...COMMON_OPTIONS };
  const options = Object.fromEntries(
    Object.entries(table).map(([name, { type, multiple, short }]) => [
      name,
      { type, multiple: multiple ?? false, ...(short === undefined ? {} : { short }) },
    ]),
  );
  try {
    return parseArgs({ args: [...raw], options, allowPositionals: true, strict: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw usageError(`${lowerFirst(message.split('. ')[0] ?? message)}: see \`sallyport ${command.name} --help\``);
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function requirePositionals(command: Command, given: readonly string[]): void {
  const table = command.positionals ?? [];
  const missing = table.find(({ isOptional }, index) => !isOptional && given[index] === undefined);
  if (missing !== undefined) throw usageError(`<${missing.name}> is missing: expected sallyport ${usageOf(command)}`);
  const max = table.at(-1)?.isRepeated ? Number.POSITIVE_INFINITY : table.length;
  if (given.length > max)
    throw usageError(`${JSON.stringify(given[max])} is one argument too many: expected sallyport ${usageOf(command)}`);
}

function argumentsOf(command: Command, raw: readonly string[], { values, positionals }: ParsedOptions): Arguments {
  const at = (name: string) => (command.positionals ?? []).findIndex((one) => one.name === name);
  return {
    required: (name) => positionals[at(name)] ?? '',
    optional: (name) => positionals[at(name)],
    rest: (name) => positionals.slice(at(name)),
    text: (option) => {
      const value = values[option];
      return typeof value === 'string' ? value : undefined;
    },
    texts: (option) => [values[option] ?? []].flat().filter((value) => typeof value === 'string'),
    has: (option) => values[option] === true,
    raw,
  };
}
