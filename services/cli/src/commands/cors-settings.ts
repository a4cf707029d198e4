import type { Arguments, Option } from '../command.ts';
import { usageError } from '../errors.ts';
import { onOff, readNamedFile, readNumber, readOnOff } from './setting-values.ts';

const repeated = (value: string, summary: string): Option => ({ type: 'string', multiple: true, value, summary });

/** One rule by options, or a file with all of them. */
export const corsOptions: Readonly<Record<string, Option>> = {
  cors: { type: 'string', value: 'file|off', summary: 'CORS rules as a JSON list (docs/publishing.md), or none' },
  'cors-origin': repeated('origin', 'one CORS rule: scripts of this web origin may call the app; may be repeated'),
  'cors-resource': { type: 'string', value: 'path', summary: 'with --cors-origin: below this path only (default /)' },
  'cors-method': repeated('method', 'with --cors-origin: allowed method; may be repeated (default GET, HEAD, POST)'),
  'cors-header': repeated('header', 'with --cors-origin: allowed request header; may be repeated, may end in *'),
  'cors-expose': repeated('header', 'with --cors-origin: response header scripts may read; may be repeated'),
  'cors-credentials': onOff('with --cors-origin: cookies may be sent along (default off)'),
  'cors-max-age': {
    type: 'string',
    value: 'seconds',
    summary: 'with --cors-origin: how long browsers keep the answer (default 600)',
  },
};

/** All rules of the app, undefined when no option speaks of them. */
export async function readCorsRules(args: Arguments, cwd: string): Promise<unknown> {
  const file = args.text('cors');
  const rule = readRule(args);
  if (file !== undefined && rule !== undefined) throw usageError('--cors contradicts --cors-origin and its like');
  if (file === 'off') return [];
  if (file !== undefined) return parseRules(await readNamedFile('cors', file, cwd), file);
  return rule === undefined ? undefined : [rule];
}

function readRule(args: Arguments): Record<string, unknown> | undefined {
  const allowedOrigins = args.texts('cors-origin');
  const rest = {
    resource: args.text('cors-resource'),
    allowedMethods: listOf(args, 'cors-method'),
    allowedHeaders: listOf(args, 'cors-header'),
    exposedHeaders: listOf(args, 'cors-expose'),
    allowCredentials: readOnOff(args, 'cors-credentials'),
    maxAgeSeconds: readNumber('--cors-max-age', args.text('cors-max-age')),
  };
  const given = Object.entries(rest).filter(([, value]) => value !== undefined);
  if (allowedOrigins.length > 0) return { allowedOrigins, ...Object.fromEntries(given) };
  if (given.length === 0) return undefined;
  throw usageError('name at least one --cors-origin: a rule without one allows nothing');
}

function listOf(args: Arguments, option: string): readonly string[] | undefined {
  const texts = args.texts(option);
  return texts.length === 0 ? undefined : texts;
}

function parseRules(text: string, file: string): unknown {
  try {
    const rules: unknown = JSON.parse(text);
    if (Array.isArray(rules)) return rules;
  } catch {
    // The same answer as for JSON of another kind.
  }
  throw usageError(`--cors ${JSON.stringify(file)}: expected a JSON list of rules`);
}
