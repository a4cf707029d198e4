import {
  type AccountClaims,
  CONNECTOR_MAX_PAYLOAD_BYTES,
  JETSTREAM_LIMITS,
  OPEN_LIMITS,
  scopedSigner,
} from '#libs/nats-identity';
import type { BrokerKeys } from './keys.ts';
import { connectorTemplate } from './permissions/connector.ts';
import { siem } from './permissions/subjects.ts';

/** Leafs, connections and subscriptions of one tenant. Beyond: refused by the hub with an error in its log. */
export const TENANT_MAX_LEAFS = 1_000;
export const TENANT_MAX_CONNECTIONS = 1_200;
export const TENANT_MAX_SUBSCRIPTIONS = 60_000;

/** Activation tokens of the SIEM imports, by the name of the grant. */
export type SiemTokens = Readonly<Record<'next' | 'info' | 'acknowledge', string>>;

export const SIEM_GRANTS = {
  next: { subject: siem.next, local: siem.localNext, stream: true },
  info: { subject: siem.info, local: siem.localInfo, stream: false },
  acknowledge: { subject: siem.acknowledge, local: undefined, stream: false },
} as const;

export function sysClaims(keys: BrokerKeys): AccountClaims {
  return { limits: { ...OPEN_LIMITS }, signing_keys: [keys.accounts.sys.signing.publicKey] };
}

export function backboneClaims(keys: BrokerKeys): AccountClaims {
  return { limits: { ...OPEN_LIMITS }, signing_keys: [keys.accounts.backbone.signing.publicKey] };
}

/** Holds JetStream; what SIEM may import needs a token. */
export function coreClaims(keys: BrokerKeys): AccountClaims {
  return {
    limits: { ...JETSTREAM_LIMITS },
    signing_keys: [keys.accounts.core.signing.publicKey],
    exports: Object.entries(SIEM_GRANTS).map(([name, grant]) => ({
      name: `siem-${name}`,
      subject: grant.subject,
      type: 'service',
      token_req: true,
      ...(grant.stream ? { response_type: 'Stream' as const } : {}),
    })),
  };
}

export function siemClaims(keys: BrokerKeys, tokens: SiemTokens): AccountClaims {
  const core = keys.accounts.core.identity.publicKey;
  const grants = [
    { name: 'next', token: tokens.next, ...SIEM_GRANTS.next },
    { name: 'info', token: tokens.info, ...SIEM_GRANTS.info },
    { name: 'acknowledge', token: tokens.acknowledge, ...SIEM_GRANTS.acknowledge },
  ];
  return {
    limits: { ...OPEN_LIMITS },
    signing_keys: [keys.accounts.siem.signing.publicKey],
    imports: grants.map(({ name, subject, token, local }) => ({
      name: `siem-${name}`,
      account: core,
      subject,
      type: 'service',
      token,
      ...(local ? { local_subject: local } : {}),
    })),
  };
}

/**
 * The account of connectors. Every user of it that is not in `authUsers` (the services') is sent through the auth callout,
 * which the certificate-authority service answers.
 */
export function tenantClaims(
  keys: BrokerKeys,
  authUsers: readonly string[],
  revocations: Readonly<Record<string, number>>,
): AccountClaims {
  const { identity, signing } = keys.accounts.tenant;
  return {
    limits: {
      ...OPEN_LIMITS,
      leaf: TENANT_MAX_LEAFS,
      conn: TENANT_MAX_CONNECTIONS,
      subs: TENANT_MAX_SUBSCRIPTIONS,
      payload: CONNECTOR_MAX_PAYLOAD_BYTES,
    },
    signing_keys: [signing.publicKey, scopedSigner(keys.connectorSigner, 'connector', connectorTemplate)],
    authorization: { auth_users: [...authUsers], allowed_accounts: [identity.publicKey] },
    ...(Object.keys(revocations).length > 0 ? { revocations: { ...revocations } } : {}),
  };
}
