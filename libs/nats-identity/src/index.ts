export { credentialsOf, parseCredentials } from './credentials.ts';
export {
  type DecodedJwt,
  decodeJwt,
  MAX_JWT_CHARACTERS,
  type NatsClaims,
  type UserJwtVerdict,
  verifyUserJwt,
} from './decode-jwt.ts';
export {
  type AccountClaims,
  type AccountJwtInput,
  encodeAccountJwt,
  encodeActivationJwt,
  encodeAuthAnswer,
  encodeOperatorJwt,
  encodeUserJwt,
  JETSTREAM_LIMITS,
  OPEN_LIMITS,
  type OperatorJwtInput,
  type UserClaims,
  type UserJwtInput,
  type UserPermissions,
} from './jwt.ts';
export {
  createNkey,
  isPublicNkey,
  type Nkey,
  type NkeyKind,
  nkeyFromSeed,
} from './nkey.ts';
export {
  CONNECTOR_MAX_PAYLOAD_BYTES,
  CONNECTOR_MAX_SUBSCRIPTIONS,
  scopedSigner,
  type UserTemplate,
} from './scoped-signer.ts';
export { loadOrCreateSeedFile, loadSeedFile, writeSecretFile } from './seed-file.ts';
