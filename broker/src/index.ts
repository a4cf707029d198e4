export {
  isLeafStanding,
  kickConnection,
  listLeafs,
  lookUpAccount,
  pushAccount,
  revokeUsers,
} from './account-operations.ts';
export { RENEW_BEFORE_DAYS, type ServerNames } from './certificates.ts';
export { hubConfig, hubRules, MIN_LEAF_VERSION } from './hub-config.ts';
export {
  type AccountFiles,
  type BrokerLayout,
  type BrokerPorts,
  type CertificateFiles,
  credentialsFile,
  type ServerCertificateName,
} from './layout.ts';
export { authCallout, connectorRights } from './permissions/connector.ts';
export { permissionsOf } from './permissions/permissions-of.ts';
export {
  type AccountRole,
  inboxPrefix,
  SERVICE_NAMES,
  type ServiceName,
  type ServicePermissions,
  type ServiceUser,
} from './permissions/types.ts';
export { localServerNames, type ProvisionInput, provisionBroker } from './provision-broker.ts';
export { ACCESS_STREAM, AUDIT_STREAM, ensureBrokerStreams, ensureStreams, SIEM_CONSUMER } from './streams.ts';
