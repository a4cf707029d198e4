import fc from 'fast-check';
import { describe, it } from 'mocha';
import {
  createNkey,
  decodeJwt,
  encodeUserJwt,
  isPublicNkey,
  parseCredentials,
  verifyUserJwt,
} from '#libs/nats-identity';
import { readCertificateRequest } from '#libs/pki';
import { requestWith } from '#libs/pki/testing';
import { parseCalloutRequest } from '../../../services/certificate-authority/src/connections/callout-request.ts';

const account = createNkey('account');
const user = createNkey('user');
const rules = { account: account.publicKey, issuers: [account.publicKey], nowSeconds: 0 };

/** The outer sequence's header, three bytes, is not part of what is signed. */
const SIGNED_FROM = 3;
/** Algorithm and signature at the end, at most; not part of what is signed either. */
const SIGNATURE_BYTES = 95;

describe('parsers of what others send', () => {
  it('never throw, and accept no text by chance', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 400 }), (text) => {
        parseCredentials(text);
        return (
          decodeJwt(text).status === 'refused' &&
          verifyUserJwt(text, rules).status === 'refused' &&
          parseCalloutRequest(text) === undefined &&
          !isPublicNkey(text, 'user')
        );
      }),
    );
  });

  it('refuse a user JWT in which one character of header, claims or signature was changed', async () => {
    const jwt = await encodeUserJwt({
      name: 'con_1',
      publicKey: user.publicKey,
      account: account.publicKey,
      signer: account,
      permissions: {},
    });
    // The last character of each part may hold bits that base 64 does not use.
    const changeable = jwt
      .split('')
      .flatMap((one, index) => (one === '.' || (jwt[index + 1] ?? '.') === '.' ? [] : [index]));
    fc.assert(
      fc.property(
        fc.constantFrom(...changeable),
        fc.constantFrom('A', 'b', 'c', '0', '9', '-', '_'),
        (index, character) => {
          if (jwt[index] === character) return true;
          return decodeJwt(jwt.slice(0, index) + character + jwt.slice(index + 1)).status === 'refused';
        },
      ),
      { numRuns: 300 },
    );
  });

  it('never accept a certificate request in which one byte of what is signed was changed', async () => {
    const pem = await requestWith('CN=con_1');
    const der = Buffer.from(pem.replace(/-----[A-Z ]+-----/g, ''), 'base64');
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: SIGNED_FROM, max: der.length - SIGNATURE_BYTES }),
        fc.integer({ min: 1, max: 255 }),
        async (index, flip) => {
          const changed = Buffer.from(der);
          changed[index] = (changed[index] ?? 0) ^ flip;
          const text = `-----BEGIN CERTIFICATE REQUEST-----\n${changed.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
          return (await readCertificateRequest(text)).status === 'refused';
        },
      ),
      { numRuns: 200 },
    );
  });
});
