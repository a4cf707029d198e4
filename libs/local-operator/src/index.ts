export {
  createLocalOperatorKey,
  LOCAL_OPERATOR_AUDIENCE,
  LOCAL_OPERATOR_ISSUER,
  LOCAL_OPERATOR_LIFETIME_SECONDS,
  mintLocalOperatorToken,
} from './local-operator.ts';
