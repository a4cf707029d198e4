import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { SallyportError } from '#libs/errors';

/** Reads and parses one JSON file. Errors: ERR_CONFIG_UNREADABLE, ERR_CONFIG_SYNTAX, each naming the file. */
export async function readJsonFile(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new SallyportError('ERR_CONFIG_UNREADABLE', `configuration file ${path} cannot be read`, {
      cause,
      expose: true,
      details: { path },
    });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SallyportError('ERR_CONFIG_SYNTAX', `configuration file ${path} is not JSON`, {
      cause,
      expose: true,
      details: { path },
    });
  }
}

/** Unvalidated in, frozen and typed out. Error ERR_CONFIG_INVALID lists every problem with its option path. */
export function parseConfig<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  source: string,
): Readonly<z.infer<Schema>> {
  const result = schema.safeParse(input);
  if (result.success) return Object.freeze(result.data);
  const problems = result.error.issues.map((issue) => `${issue.path.join('.') || '(root)'}: ${issue.message}`);
  throw new SallyportError('ERR_CONFIG_INVALID', `${source} is not valid: ${problems.join('; ')}`, {
    expose: true,
    details: { source, problems },
  });
}
