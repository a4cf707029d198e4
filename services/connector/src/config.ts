export { type ConnectorIdentity as ConnectorConfig, connectorIdentity as connectorConfig } from './state-directory.ts';
