import { expect } from 'chai';
import {
  createIssuingAuthority,
  createKeyAndRequest,
  createRootAuthority,
  issueConnectorCertificate,
  readCertificateRequest,
} from '#libs/pki';
import { type ClientIdentity, TENANT } from './support.ts';

/** Fails when the connection is let in. */
export async function expectRefused(
  open: () => Promise<{ end?: () => void; close?: () => Promise<void> }>,
): Promise<void> {
  const outcome = await open().then(
    async (link) => {
      link.end?.();
      await link.close?.();
      return 'accepted';
    },
    () => 'refused',
  );
  expect(outcome).to.equal('refused');
}

/** A connector's certificate of authorities with the same names as ours. */
export async function foreignIdentity(connectorId: string): Promise<ClientIdentity> {
  const now = new Date();
  const root = await createRootAuthority({ commonName: 'Sallyport Root CA', now });
  return identityFrom(await createIssuingAuthority(root, { commonName: 'Sallyport Issuing CA', now }), connectorId);
}

/** A certificate of an authority that nobody recorded. */
export async function identityFrom(
  authority: Awaited<ReturnType<typeof createIssuingAuthority>>,
  connectorId: string,
): Promise<ClientIdentity> {
  const { privateKeyPem, requestPem } = await createKeyAndRequest({ commonName: connectorId });
  const verdict = await readCertificateRequest(requestPem);
  if (verdict.status !== 'accepted') throw new Error(verdict.detail);
  const { publicKey } = verdict.request;
  const issued = await issueConnectorCertificate(authority, {
    publicKey,
    tenant: TENANT,
    connectorId,
    now: new Date(),
  });
  return { certificate: issued.chainPem, privateKey: privateKeyPem };
}
