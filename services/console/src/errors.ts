import { type ErrorDetails, SallyportError } from '#libs/errors';

/** A request that is refused here, before any service is asked. The status follows from the code, see api/problem.ts. */
export function refuseRequest(code: ApiErrorCode, message: string, details: ErrorDetails = {}): SallyportError {
  return new SallyportError(code, message, { expose: true, details });
}

/** Codes of this service. */
export type ApiErrorCode =
  | 'ERR_API_TOKEN_MISSING'
  | 'ERR_API_TOKEN_REFUSED'
  | 'ERR_API_NOT_ADMINISTRATOR'
  | 'ERR_API_INVALID'
  | 'ERR_API_BODY_SYNTAX'
  | 'ERR_API_BODY_TOO_LARGE'
  | 'ERR_API_MEDIA_TYPE'
  | 'ERR_API_IF_MATCH'
  | 'ERR_API_IDEMPOTENCY_KEY'
  | 'ERR_API_ROUTE'
  | 'ERR_API_METHOD'
  | 'ERR_CERTIFICATE_ABSENT'
  | 'ERR_CERTIFICATE_FOLDER'
  | 'ERR_CERTIFICATE_NAME'
  | 'ERR_CERTIFICATE_REFUSED'
  | 'ERR_CERTIFICATE_TOO_MANY'
  | 'ERR_APP_ABSENT'
  | 'ERR_APP_SETTING'
  | 'ERR_GROUP_ABSENT'
  | 'ERR_CONNECTOR_ABSENT'
  | 'ERR_DECISION_ABSENT'
  | 'ERR_USER_ABSENT'
  | 'ERR_POLICY_ABSENT'
  | 'ERR_LOCATION_ABSENT';
