import { z } from 'zod';
import type { Route } from './route.ts';

type Json = Readonly<Record<string, unknown>>;

const VERSION = '1';

const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  code: z.string(),
  detail: z.string(),
  retryable: z.boolean(),
  requestId: z.string(),
  details: z.record(z.string(), z.unknown()),
});

/** OpenAPI 3.1 of the routes, from the very schemas that check requests. */
export function describeApi(routes: readonly Route[]): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const path = `/v1${route.path.replace(/:(\w+)/g, '{$1}')}`;
    paths[path] = { ...paths[path], [route.method]: describeRoute(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sallyport admin API',
      version: VERSION,
      description: 'Everything needs the bearer token of an administrator, but health and this document.',
    },
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: { Problem: schemaOf(problem, 'output') },
    },
  };
}

function describeRoute(route: Route): Json {
  const parameters = [...pathParameters(route), ...queryParameters(route), ...headerParameters(route)];
  return {
    summary: route.summary,
    operationId: `${route.method}${route.path.replace(/[^A-Za-z]+([A-Za-z])/g, (_all, first: string) => first.toUpperCase())}`,
    ...(route.isPublic ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined
      ? {}
      : {
          requestBody: { required: true, content: { 'application/json': { schema: schemaOf(route.body, 'input') } } },
        }),
    responses: { [String(route.reply.status)]: success(route), default: failure },
  };
}

const failure = {
  description: 'Problem (RFC 9457); branch on `code`',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};

function success({ reply, isStreaming, summary }: Route): Json {
  if (reply.schema === undefined) return { description: summary };
  const schema = schemaOf(reply.schema, 'output');
  const lines = isStreaming ? { 'application/x-ndjson': { schema: { type: 'string' } } } : {};
  return { description: summary, content: { 'application/json': { schema }, ...lines } };
}

function pathParameters(route: Route): readonly Json[] {
  return [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters(route: Route): readonly Json[] {
  if (route.query === undefined) return [];
  const { properties = {}, required = [] } = schemaOf(route.query, 'input') as {
    properties?: Record<string, Json>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }));
}

function headerParameters(route: Route): readonly Json[] {
  const text = { type: 'string' };
  const ifMatch = {
    name: 'If-Match',
    in: 'header',
    required: false,
    schema: text,
    description: 'ETag of the revision to change; stale: 412',
  };
  const key = {
    name: 'Idempotency-Key',
    in: 'header',
    required: false,
    schema: text,
    description: 'The same key on the same path takes effect once',
  };
  return [...(route.takesIfMatch ? [ifMatch] : []), ...(route.method === 'get' ? [] : [key])];
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _draft, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}
