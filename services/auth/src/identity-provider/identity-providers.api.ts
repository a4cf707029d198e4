import type { NatsConnection } from 'nats';
import { identityProviders } from '#libs/contracts';
import { serveEndpoint } from '#libs/messaging';
import type { Logger } from '#libs/telemetry';
import type { IdentityProviders } from './providers.ts';

/** What an admin may choose from for an app; nothing of it is secret. */
export function serveIdentityProviders(
  nc: NatsConnection,
  parts: { readonly tenant: string; readonly providers: Pick<IdentityProviders, 'all'>; readonly logger: Logger },
): { drain(): Promise<void> } {
  const { tenant, providers, logger } = parts;
  const answer = () => ({
    providers: providers.all.map(({ id, name, kind, issuer }) => ({ id, name, kind, issuer })),
  });
  return serveEndpoint(nc, tenant, identityProviders, answer, { queue: 'auth', logger });
}
