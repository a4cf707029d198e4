import { z } from 'zod';
import type { Secret } from '#libs/config';
import { connectorConfiguration } from '#libs/contracts';
import { parseAnswer, type ServiceClient } from '../service-client.ts';

/** Where an administrator's token comes from. */
export const registrationOptions = z.object({
  issuer: z.url({ protocol: /^https$/ }),
  clientId: z.string().min(1).max(200),
  scope: z.string().min(1).max(400),
});
export type RegistrationOptions = z.infer<typeof registrationOptions>;

const id = z.string().regex(/^[a-z0-9_-]{1,64}$/);

const registration = z.object({ registrationId: id, connectorId: id, tenant: id, subject: z.string().max(255) });
export type Registration = z.infer<typeof registration>;

const issued = z.object({
  certificate: z.string().max(65_536),
  trustedCertificates: z.string().max(65_536),
  userJwt: z.string().min(1).max(65_536),
  leafAddresses: z
    .array(z.string().regex(/^tls:\/\/[^\s"/]+:\d{1,5}$/))
    .min(1)
    .max(32),
  configurationUrl: z.url({ protocol: /^https$/ }),
  tenant: id,
  connectorId: id,
});
export type Issued = z.infer<typeof issued>;

/** The connector's calls to the certificate authority's endpoint. The private key is in none of them. */
export function createRegistrationApi(client: ServiceClient, service: string) {
  const base = service.replace(/\/+$/, '');
  return {
    options: async (): Promise<RegistrationOptions> => {
      const url = `${base}/v1/registrations/options`;
      return parseAnswer(registrationOptions, (await client.send({ method: 'GET', url })).body, url);
    },
    register: async (
      token: Secret<string>,
      input: { readonly name: string; readonly machineName: string; readonly connectorGroupId: string | null },
    ): Promise<Registration> => {
      const url = `${base}/v1/registrations`;
      const answer = await client.send({ method: 'POST', url, token, json: input });
      return parseAnswer(registration, answer.body, url);
    },
    requestCertificate: async (
      token: Secret<string>,
      registrationId: string,
      input: {
        readonly certificateRequest: string;
        readonly userPublicKey: string;
        readonly machineName: string;
        readonly version: string;
      },
    ): Promise<Issued> => {
      const url = `${base}/v1/registrations/${registrationId}/certificate`;
      const answer = await client.send({ method: 'POST', url, token, json: input });
      return parseAnswer(issued, answer.body, url);
    },
  };
}

/** The first and every later pull, over mutual TLS. `undefined` when the service has nothing newer than `etag`. */
export async function pullConfiguration(client: ServiceClient, url: string, etag?: string) {
  const answer = await client.send({ method: 'GET', url, ...(etag === undefined ? {} : { etag }) });
  if (answer.status === 304) return undefined;
  return { configuration: parseAnswer(connectorConfiguration, answer.body, url), etag: answer.etag };
}
