import { describe, it } from 'mocha';
import type { ConnectorGroupFact } from '#libs/contracts';
import { deciderSpec } from '#libs/events/testing';
import {
  connectorGroupDecider,
  type DecideConnectorGroupCommand,
} from '../../../../services/routing/src/connector-groups/connector-group.decide.ts';

const check = deciderSpec(connectorGroupDecider);
const connectorGroupId = 'east';
const created: ConnectorGroupFact = { type: 'ConnectorGroupCreated', data: { name: 'East' } };
const retired: ConnectorGroupFact = { type: 'ConnectorGroupRetired', data: {} };
const create = (name = 'East'): DecideConnectorGroupCommand => ({
  type: 'CreateConnectorGroup',
  connectorGroupId,
  name,
});
const rename = (name: string): DecideConnectorGroupCommand => ({
  type: 'RenameConnectorGroup',
  connectorGroupId,
  name,
});
const retire = (apps = 0, connectors = 0, id = connectorGroupId): DecideConnectorGroupCommand => ({
  type: 'RetireConnectorGroup',
  connectorGroupId: id,
  usedBy: { apps, connectors },
});

describe('connector group decider', () => {
  it('creates under a trimmed name', () => check({ when: create(' East '), facts: [created] }));
  it('refuses an id that is taken, also by a retired group', () => {
    check({ given: [created], when: create(), error: 'ERR_GROUP_EXISTS' });
    check({ given: [created, retired], when: create(), error: 'ERR_GROUP_EXISTS' });
  });
  it('refuses an empty name', () => check({ when: create(''), error: 'ERR_GROUP_NAME' }));
  it('renames, once', () => {
    check({
      given: [created],
      when: rename('West'),
      facts: [{ type: 'ConnectorGroupRenamed', data: { name: 'West' } }],
    });
    check({ given: [created], when: rename('East'), facts: [] });
    check({ when: rename('West'), error: 'ERR_GROUP_ABSENT' });
    check({ given: [created, retired], when: rename('West'), error: 'ERR_GROUP_ABSENT' });
  });
  it('retires, once', () => {
    check({ given: [created], when: retire(), facts: [retired] });
    check({ given: [created, retired], when: retire(), facts: [] });
    check({ when: retire(), error: 'ERR_GROUP_ABSENT' });
  });
  it('refuses to retire a group in use, and the default group', () => {
    check({ given: [created], when: retire(1, 0), error: 'ERR_GROUP_IN_USE' });
    check({ given: [created], when: retire(0, 1), error: 'ERR_GROUP_IN_USE' });
    check({ given: [created], when: retire(0, 0, 'default'), error: 'ERR_GROUP_DEFAULT' });
  });
});
