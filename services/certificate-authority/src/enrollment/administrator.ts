import type { NatsConnection } from 'nats';
import { type ClientInfo, type Principal, REGISTER_SCOPE, verifyToken } from '#libs/contracts';
import { callEndpoint } from '#libs/messaging';
import { refuse } from '../errors.ts';
import type { RefusalRecorder } from './refusal-recorder.ts';

const MAX_TOKEN_CHARACTERS = 16_384;

export type Caller = {
  readonly requestId: string;
  readonly client: ClientInfo;
  readonly authorization: string | undefined;
};

/** Answers who may register, or throws the refusal. */
export type RequireAdministrator = (caller: Caller) => Promise<Principal>;

/**
 * Authenticated and authorized by the auth service: a token for our own API with the scope Connector.Register, of a user
 * with one of the configured directory roles.
 * @throws ERR_CA_TOKEN_MISSING, ERR_CA_TOKEN_REFUSED (401), ERR_CA_NOT_ADMINISTRATOR (403), each recorded as a security
 * fact before it is answered; errors of the auth service that does not answer (503).
 */
export function createRequireAdministrator(options: {
  readonly backbone: NatsConnection;
  readonly tenant: string;
  readonly refusals: RefusalRecorder;
}): RequireAdministrator {
  const refused = async (
    caller: Caller,
    problem: {
      readonly status: 401 | 403;
      readonly code: string;
      readonly reason: string;
      readonly detail: string;
      readonly remedy: string;
    },
  ) => {
    const { reason, detail } = problem;
    await options.refusals.record({
      type: 'RegistrationRefused',
      data: { reason, detail: detail.slice(0, 400), address: caller.client.address },
    });
    return refuse(problem);
  };
  return async (caller) => {
    const token = bearerToken(caller.authorization);
    if (token === undefined)
      throw await refused(caller, {
        status: 401,
        code: 'ERR_CA_TOKEN_MISSING',
        reason: 'token-missing',
        detail: 'no bearer token was presented',
        remedy: 'sign in as an administrator and present the access token',
      });
    const { requestId, client } = caller;
    const request = { token, scope: REGISTER_SCOPE, requestId, client };
    const verdict = await callEndpoint(options.backbone, options.tenant, verifyToken, request);
    if (verdict.status === 'refused')
      throw await refused(caller, {
        status: 401,
        code: 'ERR_CA_TOKEN_REFUSED',
        reason: verdict.reason,
        detail: `the token was refused: ${verdict.detail}`,
        remedy: 'sign in again as an administrator',
      });
    if (!verdict.isAdministrator)
      throw await refused(caller, {
        status: 403,
        code: 'ERR_CA_NOT_ADMINISTRATOR',
        reason: 'not-administrator',
        detail: `user ${verdict.principal.username} holds no directory role that may register connectors`,
        remedy:
          'sign in as a Global Administrator or Application Administrator, or as holder of another configured role',
      });
    return verdict.principal;
  };
}

function bearerToken(header: string | undefined): string | undefined {
  const token = /^Bearer +([A-Za-z0-9._~+/=-]+) *$/i.exec(header ?? '')?.[1];
  return token !== undefined && token.length <= MAX_TOKEN_CHARACTERS ? token : undefined;
}
