import { verifyUserJwt } from '#libs/nats-identity';
import { parseCertificate, readConnectorIdentity } from '#libs/pki';
import { certificateOf, connectorOf, type KnownIdentities } from '../connectors/known-identities.projection.ts';
import type { ConnectionAttempt } from './callout-request.ts';

export type ConnectionVerdict =
  | { readonly status: 'accepted'; readonly connectorId: string; readonly connectorGroupId: string | null }
  | {
      readonly status: 'refused';
      readonly reason:
        | 'not-a-leaf'
        | 'user-jwt-missing'
        | 'user-jwt-refused'
        | 'certificate-missing'
        | 'certificate-foreign'
        | 'certificate-unknown'
        | 'certificate-revoked'
        | 'identity-mismatch'
        | 'connector-unknown'
        | 'connector-revoked'
        | 'user-key-unknown';
      /** Whom the attempt claims to be; empty when it does not say. */
      readonly connectorId: string;
      readonly detail: string;
    };

/**
 * Whether certificate and user JWT are those of one connector that is known and not revoked. The hub verified the
 * certificate's chain and the JWT's signature against the nonce; everything else is judged here. Pure.
 */
export function judgeConnection(
  attempt: ConnectionAttempt,
  known: KnownIdentities,
  rules: {
    readonly tenant: string;
    readonly account: string;
    /** The scoped key connectors' users are signed by. */
    readonly issuer: string;
    readonly nowSeconds: number;
  },
): ConnectionVerdict {
  type Reason = Extract<ConnectionVerdict, { status: 'refused' }>['reason'];
  const refuse = (reason: Reason, connectorId: string, detail: string): ConnectionVerdict => ({
    status: 'refused',
    reason,
    connectorId,
    detail,
  });
  if (attempt.userJwt === undefined) return refuse('user-jwt-missing', '', 'no user JWT was presented');
  const user = verifyUserJwt(attempt.userJwt, {
    account: rules.account,
    issuers: [rules.issuer],
    nowSeconds: rules.nowSeconds,
  });
  if (user.status === 'refused') return refuse('user-jwt-refused', '', `user JWT: ${user.reason}`);
  const { name } = user;
  if (!attempt.isLeaf) return refuse('not-a-leaf', name, 'a connector connects as a leaf only');
  const certificate = attempt.certificatePem === undefined ? undefined : parseCertificate(attempt.certificatePem);
  if (!certificate) return refuse('certificate-missing', name, 'no verified client certificate');
  const identity = readConnectorIdentity(certificate);
  if (!identity || identity.tenant !== rules.tenant)
    return refuse('certificate-foreign', name, "the certificate is no connector's of this tenant");
  if (identity.connectorId !== name)
    return refuse('identity-mismatch', name, `certificate of ${identity.connectorId} with the user of ${name}`);
  const issued = certificateOf(known, identity.thumbprint);
  if (issued.status === 'revoked') return refuse('certificate-revoked', name, 'the certificate is revoked');
  if (issued.status === 'absent' || issued.connectorId !== name)
    return refuse('certificate-unknown', name, 'the certificate was not issued by this service');
  const connector = connectorOf(known, name);
  if (connector.status === 'absent') return refuse('connector-unknown', name, 'the connector is unknown');
  if (connector.status === 'revoked') return refuse('connector-revoked', name, 'the connector is revoked');
  if (connector.userPublicKey !== user.publicKey)
    return refuse('user-key-unknown', name, 'the user key is not the one the connector registered');
  return { status: 'accepted', connectorId: name, connectorGroupId: connector.connectorGroupId };
}
