const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const GUID_LENGTH = 36;

/** Id of a user, group or directory role as it is compared: a GUID (RFC 9562) in lower case, any other as it is; without blanks around it. */
export function comparableId(id: string): string {
  const trimmed = id.trim();
  return trimmed.length === GUID_LENGTH && GUID.test(trimmed) ? trimmed.toLowerCase() : trimmed;
}
