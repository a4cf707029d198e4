import type { Request } from 'express';
import type { z } from 'zod';
import { type actor, MANAGE_SCOPE, type Principal, verifyToken } from '#libs/contracts';
import { refuseRequest } from '../errors.ts';
import type { Backbone } from './route.ts';

export type Caller = { readonly actor: z.infer<typeof actor>; readonly expiresAt: string };

const LOCAL_OPERATOR = 'local-operator';
const MAX_TOKEN_CHARACTERS = 16_384;

/**
 * First who it is, then whether they may: auth checks token and scope, an administrator alone passes. Errors:
 * ERR_API_TOKEN_MISSING, ERR_API_TOKEN_REFUSED (details: reason), ERR_API_NOT_ADMINISTRATOR; auth away: retryable.
 */
export async function requireAdministrator(backbone: Backbone, req: Request, requestId: string): Promise<Caller> {
  const token = bearerToken(req.headers.authorization);
  const verdict = await backbone.ask(verifyToken, {
    token,
    scope: MANAGE_SCOPE,
    requestId,
    client: { address: req.socket.remoteAddress ?? '', userAgent: (req.headers['user-agent'] ?? '').slice(0, 400) },
  });
  if (verdict.status === 'refused')
    throw refuseRequest('ERR_API_TOKEN_REFUSED', `token refused: ${verdict.detail}`, { reason: verdict.reason });
  if (!verdict.isAdministrator)
    throw refuseRequest(
      'ERR_API_NOT_ADMINISTRATOR',
      `${verdict.principal.username} is signed in, but no administrator: ask for a role that may manage Sallyport`,
      { username: verdict.principal.username },
    );
  return { actor: actorOf(verdict.principal), expiresAt: verdict.expiresAt };
}

function bearerToken(header: string | undefined): string {
  const token = /^Bearer +([A-Za-z0-9._~+/=-]+) *$/i.exec(header ?? '')?.[1];
  if (token !== undefined && token.length <= MAX_TOKEN_CHARACTERS) return token;
  if (header === undefined)
    throw refuseRequest('ERR_API_TOKEN_MISSING', 'no token: send an access token in Authorization: Bearer');
  throw refuseRequest('ERR_API_TOKEN_REFUSED', 'Authorization is not a bearer token', { reason: 'token-malformed' });
}

/** The local operator's token carries who runs the tool as its name; a person is known by the username. */
function actorOf({ subject, username, name }: Principal): Caller['actor'] {
  if (subject === LOCAL_OPERATOR) return { kind: LOCAL_OPERATOR, id: subject, ...named(name || username) };
  return { kind: 'user', id: subject, ...named(username || name) };
}

function named(name: string): { readonly name?: string } {
  return name === '' ? {} : { name };
}
