import { describe, it } from 'mocha';
import type { ServerCertificateFact, ServerCertificateSummary } from '#libs/contracts';
import { deciderSpec } from '#libs/events/testing';
import { serverCertificateDecider } from '../../../../services/routing/src/server-certificates/server-certificate.decide.ts';

const check = deciderSpec(serverCertificateDecider);
const certificate = (thumbprint: string): ServerCertificateSummary => ({
  hosts: ['wiki.example.com'],
  thumbprint: thumbprint.repeat(64),
  issuer: 'CN=spec',
  notBefore: '2026-01-01T00:00:00.000Z',
  notAfter: '2026-04-01T00:00:00.000Z',
});
const installed = (thumbprint: string): ServerCertificateFact => ({
  type: 'ServerCertificateInstalled',
  data: certificate(thumbprint),
});
const install = (thumbprint: string) =>
  ({ type: 'InstallServerCertificate', certificate: certificate(thumbprint) }) as const;
const removed: ServerCertificateFact = { type: 'ServerCertificateRemoved', data: {} };

describe('server certificate decider', () => {
  it('records a new one and its successor', () => {
    check({ when: install('a'), facts: [installed('a')] });
    check({ given: [installed('a')], when: install('b'), facts: [installed('b')] });
    check({ given: [installed('a'), removed], when: install('a'), facts: [installed('a')] });
  });
  it('records the same one once', () => check({ given: [installed('a')], when: install('a'), facts: [] }));
  it('records a removal once, also of files that came another way', () => {
    check({ given: [installed('a')], when: { type: 'RemoveServerCertificate' }, facts: [removed] });
    check({ when: { type: 'RemoveServerCertificate' }, facts: [removed] });
    check({ given: [removed], when: { type: 'RemoveServerCertificate' }, facts: [] });
  });
});
