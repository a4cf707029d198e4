export type HostHeader = { readonly hostname: string; readonly port: string };

const NAME = /^([a-z0-9_](?:[a-z0-9_.-]{0,252}[a-z0-9_])?|\[[0-9a-f:.]{2,45}\])(?::([0-9]{1,5}))?$/;

/** Host field (RFC 9110, 7.2) in lower case; undefined when it is not a host name or address with an optional port. */
export function parseHostHeader(value: string): HostHeader | undefined {
  const match = NAME.exec(value.toLowerCase());
  if (!match?.[1]) return undefined;
  return { hostname: match[1], port: match[2] ?? '443' };
}
