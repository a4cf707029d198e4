import { z } from 'zod';

/** The part of JSON Schema (2020-12) that zod writes for the schemas of facts. */
type JsonSchema = {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: string | number | boolean | null;
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
};

export type Field = { readonly name: string; readonly description: string };

/**
 * The fields of an object's schema, nested ones as `outer.inner`, in the order of the schema.
 * @throws when the schema is none of an object, or holds what has no words here: no field goes undescribed.
 */
export function fieldsOf(schema: z.ZodType): readonly Field[] {
  const described = z.toJSONSchema(schema) as JsonSchema;
  if (described.type !== 'object')
    throw new Error(`expected the schema of an object, got ${JSON.stringify(described.type)}`);
  return fieldsOfObject(described, '');
}

function fieldsOfObject(schema: JsonSchema, prefix: string): readonly Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, value]) => {
    const name = `${prefix}${key}`;
    const optional = schema.required?.includes(key) === true ? '' : ', optional';
    if (value.type === 'object' && value.properties !== undefined) return fieldsOfObject(value, `${name}.`);
    return [{ name, description: `${describe(value)}${optional}` }];
  });
}

function describe(schema: JsonSchema): string {
  if (schema.anyOf !== undefined) return schema.anyOf.map(describe).join(' or ');
  if (schema.oneOf !== undefined) return schema.oneOf.map(describe).join(' or ');
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (Array.isArray(schema.type)) return schema.type.map((type) => describe({ ...schema, type })).join(' or ');
  if (schema.type === 'object' && schema.properties !== undefined) return describeObject(schema);
  if (schema.type === 'object' && typeof schema.additionalProperties === 'object')
    return `object, by name: ${describe(schema.additionalProperties)}`;
  switch (schema.type) {
    case 'string':
      return describeText(schema);
    case 'integer':
      return `whole number${range(safe(schema.minimum), safe(schema.maximum))}`;
    case 'number':
      return `number${range(schema.minimum, schema.maximum)}`;
    case 'array':
      return `list${range(schema.minItems, schema.maxItems)} of: ${describe(schema.items ?? {})}`;
    case 'boolean':
      return 'boolean';
    case 'null':
      return 'null';
    default:
      throw new Error(`no words for schema ${JSON.stringify(schema).slice(0, 200)}`);
  }
}

function describeObject(schema: JsonSchema): string {
  const fields = fieldsOfObject(schema, '').map(({ name, description }) => `\`${name}\`: ${description}`);
  return `object (${fields.join('; ')})`;
}

function describeText({ format, pattern, minLength, maxLength }: JsonSchema): string {
  if (format === 'date-time') return 'instant, ISO-8601 UTC';
  if (pattern !== undefined) return `text like \`${pattern.replaceAll('|', '\\|')}\``;
  return maxLength === undefined && minLength === undefined ? 'text' : `text${range(minLength, maxLength)} characters`;
}

function range(from: number | undefined, to: number | undefined): string {
  if (from === undefined) return to === undefined ? '' : `, at most ${to}`;
  return to === undefined ? `, at least ${from}` : `, ${from} to ${to}`;
}

/** Bounds that only say what a number can hold say nothing. */
function safe(bound: number | undefined): number | undefined {
  return bound !== undefined && Number.isSafeInteger(bound) && Math.abs(bound) < Number.MAX_SAFE_INTEGER
    ? bound
    : undefined;
}
