import { z } from 'zod';
import type { CertificateFiles } from '../certificate-files.ts';
import { appRoutes } from './apps.ts';
import { auditRoutes } from './audit.ts';
import { certificateRoutes } from './certificates.ts';
import { connectorGroupRoutes } from './connector-groups.ts';
import { connectorRoutes } from './connectors.ts';
import { limitRoutes } from './limits.ts';
import { describeApi } from './openapi.ts';
import { policyRoutes } from './policies.ts';
import { type Backbone, type Route, route } from './route.ts';
import { serviceTokenRoutes } from './service-tokens.ts';
import { sessionRoutes } from './sessions.ts';
import { userRoutes } from './users.ts';

const health = z.object({ status: z.enum(['ok', 'unavailable']), service: z.literal('console') });

/** Every route of the API, with the two that need no token. */
export function createRoutes(
  backbone: Backbone,
  isHubReachable: () => Promise<boolean>,
  files?: CertificateFiles,
): readonly Route[] {
  const routes: readonly Route[] = [
    route({
      method: 'get',
      path: '/health',
      summary: 'Whether the console runs and reaches the hub; 503 when it does not',
      isPublic: true,
      reply: { schema: health },
      handle: async () =>
        (await isHubReachable())
          ? { body: { status: 'ok', service: 'console' } }
          : { status: 503, body: { status: 'unavailable', service: 'console' } },
    }),
    route({
      method: 'get',
      path: '/openapi.json',
      summary: 'This description',
      isPublic: true,
      reply: { schema: z.record(z.string(), z.unknown()) },
      handle: () => ({ body: description }),
    }),
    ...appRoutes(backbone),
    ...connectorGroupRoutes(backbone),
    ...connectorRoutes(backbone),
    ...certificateRoutes(backbone, files),
    ...limitRoutes(backbone),
    ...policyRoutes(backbone),
    ...userRoutes(backbone),
    ...sessionRoutes(backbone),
    ...serviceTokenRoutes(backbone),
    ...auditRoutes(backbone),
  ];
  const description = describeApi(routes);
  return routes;
}
