import { z } from 'zod';
import { decodeJwt } from '#libs/nats-identity';

const MAX_REQUEST_CHARACTERS = 65_536;
const AUDIENCE = 'nats-authorization-request';

const request = z.object({
  server_id: z.object({ id: z.string() }),
  user_nkey: z.string(),
  client_info: z.object({ id: z.number().optional(), kind: z.string().optional(), host: z.string().optional() }),
  connect_opts: z.object({ jwt: z.string().optional() }),
  client_tls: z.object({ verified_chains: z.array(z.array(z.string())).optional() }).optional(),
});

/** Somebody wants into the tenant's account; what the hub says about them. */
export type ConnectionAttempt = {
  readonly serverId: string;
  /** The hub's number of this connection. */
  readonly connectionId: number | undefined;
  /** Key the answer's user must carry. */
  readonly userKey: string;
  readonly isLeaf: boolean;
  readonly address: string;
  readonly userJwt: string | undefined;
  /** The verified client certificate, PEM. */
  readonly certificatePem: string | undefined;
};

/** Reads what the hub asks, signed by the hub. `undefined` for anything else. Total. */
export function parseCalloutRequest(text: string): ConnectionAttempt | undefined {
  if (text.length > MAX_REQUEST_CHARACTERS) return undefined;
  const decoded = decodeJwt(text);
  if (decoded.status === 'refused' || decoded.claims.aud !== AUDIENCE) return undefined;
  const parsed = request.safeParse(decoded.claims.nats);
  if (!parsed.success || decoded.claims.iss !== parsed.data.server_id.id) return undefined;
  const { data } = parsed;
  return {
    serverId: data.server_id.id,
    connectionId: data.client_info.id,
    userKey: data.user_nkey,
    isLeaf: data.client_info.kind === 'Leafnode',
    address: data.client_info.host ?? '',
    userJwt: data.connect_opts.jwt,
    certificatePem: data.client_tls?.verified_chains?.[0]?.[0],
  };
}
