import type { z } from 'zod';
import { type AuthorizeReply, authorize, changeServiceToken, newId, type ServiceTokenView } from '#libs/contracts';
import { callEndpoint } from '#libs/messaging';
import { callHttps } from '../../../support/https-call.ts';
import { demoDirectory, obtainToken } from '../../../support/identity-provider.ts';
import { type AuthWorld, TENANT } from '../support/auth-world.ts';

const [API] = demoDirectory.apis;
const [DAEMON] = demoDirectory.daemons;
export const AUDIENCE = `api://${API.clientId}`;
export const BEARER_TOKENS = { audience: AUDIENCE, scope: 'user_impersonation', header: 'authorization' } as const;
const ADMIN = { kind: 'local-operator', id: 'local-operator' } as const;

type Command = z.input<typeof changeServiceToken.request>['command'];

/** Programs in front of an ingress that hands their tokens to auth, and the admin who gives them service tokens. */
export function createClients(world: AuthWorld) {
  const clients = {
    /** A browser's: no words of a user agent make a program of a person, or the other way round. */
    userAgent: 'curl/8',
    ask: (appId: string, bearerToken: string): Promise<AuthorizeReply> => {
      const client = { address: '192.0.2.9', userAgent: clients.userAgent };
      const request = { appId, bearerToken, requestId: newId('req'), client };
      return callEndpoint(world.ingress, TENANT, authorize, request);
    },
    tokenOf: (username: 'alice' | 'bob' | 'carol', scope = `${AUDIENCE}/user_impersonation`) =>
      obtainToken({
        issuer: world.idp.issuer,
        clientId: world.idp.clientIds.cli,
        scope,
        username,
        password: username,
        ca: world.idp.ca,
      }),
    tokenOfDaemon: async (scope = `${AUDIENCE}/.default`): Promise<string> => {
      const answer = await callHttps(world.idp.issuer.replace(/v2\.0$/, 'oauth2/v2.0/token'), {
        method: 'POST',
        ca: world.idp.ca,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          client_id: DAEMON.clientId,
          client_secret: DAEMON.clientSecret,
          scope,
        }).toString(),
      });
      return (JSON.parse(answer.text) as { access_token: string }).access_token;
    },
    change: (command: Command, commandId = newId('cmd')) =>
      callEndpoint(world.console, TENANT, changeServiceToken, {
        command,
        commandId,
        actor: ADMIN,
        correlationId: newId('req'),
      }),
    /** Fails when no token was told. */
    issue: async (appIds: readonly string[], name = newId('app')): Promise<ServiceTokenView & { token: string }> => {
      const { serviceToken, token } = await clients.change({ type: 'IssueServiceToken', name, appIds: [...appIds] });
      if (token === null) throw new Error('no token was told');
      return { ...serviceToken, token };
    },
  };
  return clients;
}
export type Clients = ReturnType<typeof createClients>;
