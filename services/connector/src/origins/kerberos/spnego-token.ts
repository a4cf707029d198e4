const SPNEGO_OID = Buffer.from('06062b0601050502', 'hex');
const KERBEROS_OID = Buffer.from('06092a864886f712010202', 'hex');

const APPLICATION_0 = 0x60;
const SEQUENCE = 0x30;
const OCTET_STRING = 0x04;
const CONTEXT_0 = 0xa0;
const CONTEXT_2 = 0xa2;

/**
 * The first token of a negotiation that offers Kerberos alone (RFC 4178, 4.2.1): with one mechanism nothing is left to protect by
 * `mechListMIC`, and the origin's answer is not needed. `kerberosToken`: as the library made it (RFC 4121, 4.1).
 */
export function wrapInSpnego(kerberosToken: Uint8Array): Buffer {
  const mechTypes = der(CONTEXT_0, der(SEQUENCE, KERBEROS_OID));
  const mechToken = der(CONTEXT_2, der(OCTET_STRING, kerberosToken));
  const negTokenInit = der(CONTEXT_0, der(SEQUENCE, Buffer.concat([mechTypes, mechToken])));
  return der(APPLICATION_0, Buffer.concat([SPNEGO_OID, negTokenInit]));
}

/** Tag, definite length in its shortest form (X.690, 10.1), content. */
function der(tag: number, content: Uint8Array): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const bytes = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Buffer.concat([Buffer.from([tag, 0x80 + bytes.length, ...bytes]), content]);
}
