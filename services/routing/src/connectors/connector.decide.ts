import {
  type ConnectorFact,
  type ConnectorState,
  connectorGroupId,
  evolveConnector,
  initialConnectorState,
} from '#libs/contracts';
import { SallyportError } from '#libs/errors';
import type { Decider } from '#libs/events';
import { normalizeName } from '../apps/app-settings.ts';
import { connectorAbsent, groupAbsent } from '../errors.ts';

export type DecideConnectorCommand = { readonly connectorId: string } & (
  | {
      readonly type: 'RegisterConnector';
      readonly name: string;
      readonly machineName: string;
      readonly version: string;
      readonly userPublicKey: string;
      readonly certificateThumbprint: string;
      /** Null: pending until an admin assigns a group. */
      readonly connectorGroupId: string | null;
    }
  | { readonly type: 'AssignConnectorToGroup'; readonly connectorGroupId: string }
  | { readonly type: 'RenameConnector'; readonly name: string }
  | { readonly type: 'RevokeConnector'; readonly reason: string }
);

type Registered = Exclude<ConnectorState, { status: 'absent' }>;

/**
 * Errors: ERR_CONNECTOR_EXISTS, ERR_CONNECTOR_ABSENT, ERR_CONNECTOR_REVOKED, ERR_CONNECTOR_NAME, ERR_CONNECTOR_THUMBPRINT.
 * Registering again with the same user key replaces the certificate (renewal).
 */
export function decideConnector(command: DecideConnectorCommand, state: ConnectorState): readonly ConnectorFact[] {
  switch (command.type) {
    case 'RegisterConnector':
      return register(command, state);
    case 'AssignConnectorToGroup': {
      const connector = requireLive(command.connectorId, state);
      if (connector.connectorGroupId === command.connectorGroupId) return [];
      return [assignment(command.connectorGroupId)];
    }
    case 'RenameConnector': {
      const name = normalizeName(command.name, 'ERR_CONNECTOR_NAME');
      return requireLive(command.connectorId, state).name === name
        ? []
        : [{ type: 'ConnectorRenamed', data: { name } }];
    }
    case 'RevokeConnector':
      if (state.status === 'revoked') return [];
      requireLive(command.connectorId, state);
      return [{ type: 'ConnectorRevoked', data: { reason: command.reason } }];
    default:
      return command satisfies never;
  }
}

export const connectorDecider: Decider<DecideConnectorCommand, ConnectorFact, ConnectorState> = {
  initialState: initialConnectorState,
  evolve: evolveConnector,
  decide: decideConnector,
};

function register(
  command: Extract<DecideConnectorCommand, { type: 'RegisterConnector' }>,
  state: ConnectorState,
): readonly ConnectorFact[] {
  const { machineName, version, userPublicKey, certificateThumbprint } = command;
  if (!/^[0-9a-f]{64}$/.test(certificateThumbprint))
    throw new SallyportError(
      'ERR_CONNECTOR_THUMBPRINT',
      'certificateThumbprint is not a SHA-256 in lower case hex: expected 64 characters of 0-9 a-f',
      { expose: true, details: { connectorId: command.connectorId } },
    );
  if (state.status !== 'absent') return replaceCertificate(command, requireLive(command.connectorId, state));
  const name = normalizeName(command.name, 'ERR_CONNECTOR_NAME');
  const registered: ConnectorFact = {
    type: 'ConnectorRegistered',
    data: { name, machineName, version, userPublicKey, certificateThumbprint },
  };
  return command.connectorGroupId === null ? [registered] : [registered, assignment(command.connectorGroupId)];
}

function replaceCertificate(
  command: Extract<DecideConnectorCommand, { type: 'RegisterConnector' }>,
  connector: Registered,
): readonly ConnectorFact[] {
  const { certificateThumbprint } = command;
  if (connector.userPublicKey !== command.userPublicKey)
    throw new SallyportError(
      'ERR_CONNECTOR_EXISTS',
      `connector ${JSON.stringify(command.connectorId)} exists already with another key: register under a new id`,
      { expose: true, details: { connectorId: command.connectorId } },
    );
  if (connector.certificateThumbprint === certificateThumbprint) return [];
  return [{ type: 'ConnectorCertificateReplaced', data: { certificateThumbprint } }];
}

function assignment(group: string): ConnectorFact {
  const parsed = connectorGroupId.safeParse(group);
  if (!parsed.success) throw groupAbsent(group);
  return { type: 'ConnectorAssignedToGroup', data: { connectorGroupId: parsed.data } };
}

function requireLive(connectorId: string, state: ConnectorState): Registered {
  if (state.status === 'absent') throw connectorAbsent(connectorId);
  if (state.status !== 'revoked') return state;
  throw new SallyportError(
    'ERR_CONNECTOR_REVOKED',
    `connector ${JSON.stringify(connectorId)} is revoked for good: register it again`,
    { expose: true, details: { connectorId } },
  );
}
