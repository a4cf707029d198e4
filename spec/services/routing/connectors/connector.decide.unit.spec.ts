import { describe, it } from 'mocha';
import { type ConnectorFact, connectorGroupId } from '#libs/contracts';
import { deciderSpec } from '#libs/events/testing';
import {
  connectorDecider,
  type DecideConnectorCommand,
} from '../../../../services/routing/src/connectors/connector.decide.ts';

const check = deciderSpec(connectorDecider);
const connectorId = 'con_1';
const DATA = {
  name: 'one',
  machineName: 'host',
  version: '1',
  userPublicKey: 'UA',
  certificateThumbprint: 'a'.repeat(64),
};
const registered: ConnectorFact = { type: 'ConnectorRegistered', data: DATA };
const assigned = (group: string): ConnectorFact => ({
  type: 'ConnectorAssignedToGroup',
  data: { connectorGroupId: connectorGroupId.parse(group) },
});
const revoked: ConnectorFact = { type: 'ConnectorRevoked', data: { reason: 'lost' } };
const register = (parts: Partial<typeof DATA> = {}, group: string | null = null): DecideConnectorCommand => ({
  type: 'RegisterConnector',
  connectorId,
  ...DATA,
  ...parts,
  connectorGroupId: group,
});
const assign: DecideConnectorCommand = { type: 'AssignConnectorToGroup', connectorId, connectorGroupId: 'east' };
const rename = (name: string): DecideConnectorCommand => ({ type: 'RenameConnector', connectorId, name });
const revoke: DecideConnectorCommand = { type: 'RevokeConnector', connectorId, reason: 'lost' };

describe('connector decider', () => {
  it('registers pending, or into the group that an admin named', () => {
    check({ when: register(), facts: [registered] });
    check({ when: register({}, 'east'), facts: [registered, assigned('east')] });
  });
  it('takes a new certificate of the same key, and nothing twice', () => {
    const certificateThumbprint = 'b'.repeat(64);
    check({
      given: [registered],
      when: register({ certificateThumbprint }),
      facts: [{ type: 'ConnectorCertificateReplaced', data: { certificateThumbprint } }],
    });
    check({ given: [registered], when: register(), facts: [] });
  });
  it('refuses an id with another key, a bad thumbprint, a bad name, a group that is no id', () => {
    check({ given: [registered], when: register({ userPublicKey: 'UB' }), error: 'ERR_CONNECTOR_EXISTS' });
    check({ when: register({ certificateThumbprint: 'AA' }), error: 'ERR_CONNECTOR_THUMBPRINT' });
    check({ when: register({ name: ' ' }), error: 'ERR_CONNECTOR_NAME' });
    check({ when: register({}, 'a.b'), error: 'ERR_GROUP_ABSENT' });
  });
  it('assigns to a group, once', () => {
    check({ given: [registered], when: assign, facts: [assigned('east')] });
    check({ given: [registered, assigned('east')], when: assign, facts: [] });
    check({ given: [registered, assigned('west')], when: assign, facts: [assigned('east')] });
  });
  it('renames, once', () => {
    check({ given: [registered], when: rename(' two '), facts: [{ type: 'ConnectorRenamed', data: { name: 'two' } }] });
    check({ given: [registered], when: rename('one'), facts: [] });
    check({ given: [registered], when: rename(''), error: 'ERR_CONNECTOR_NAME' });
  });
  it('revokes for good, once', () => {
    check({ given: [registered], when: revoke, facts: [revoked] });
    check({ given: [registered, revoked], when: revoke, facts: [] });
    for (const when of [assign, rename('two'), register()])
      check({ given: [registered, revoked], when, error: 'ERR_CONNECTOR_REVOKED' });
  });
  it('refuses a connector that does not exist', () => {
    for (const when of [assign, rename('two'), revoke]) check({ when, error: 'ERR_CONNECTOR_ABSENT' });
  });
});
