import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { createLogger } from '#libs/telemetry';
import { openAccountKey } from '../../../../../services/ingress/src/certificates/acme/account-key.ts';
import { AcmeRenewals } from '../../../../../services/ingress/src/certificates/acme/acme-renewals.ts';
import { acmeFailed } from '../../../../../services/ingress/src/certificates/acme/errors.ts';
import { CertificateStore } from '../../../../../services/ingress/src/certificates/certificate-store.ts';
import { pemCertificates } from '../../../../support/certificates.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

describe('orders for certificates', () => {
  let folder: string;
  let nowMs: number;
  let log: Record<string, unknown>[];
  let wanted: string[];
  let orders: string[];
  let failure: Error | undefined;
  let stops: (() => unknown)[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-acme-'));
    nowMs = Date.now();
    [log, wanted, orders, failure, stops] = [[], [], [], undefined, []];
  });
  afterEach(async () => {
    for (const stop of stops) await stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const start = async () => {
    const logger = createLogger({ service: 'spec', write: (line) => void log.push(JSON.parse(line)) });
    const now = () => nowMs;
    const store = await CertificateStore.open({ directory: folder, logger, now });
    const issue = async (host: string) => {
      orders.push(host);
      if (failure) throw failure;
      const dates = { notBefore: new Date(nowMs - MINUTE_MS), notAfter: new Date(nowMs + 90 * DAY_MS) };
      const pem = await pemCertificates({ names: [host], ...dates });
      return { chain: pem.leaf + pem.intermediate, key: pem.key };
    };
    const options = { directory: folder, store, issuer: { issue }, wantedHosts: () => wanted, logger, now };
    const renewals = new AcmeRenewals({ ...options, checkIntervalMs: 600_000 });
    stops.push(
      () => renewals.stop(),
      () => store.stop(),
    );
    return { store, renewals };
  };
  const waits = () =>
    log.filter(({ message }) => message === 'certificate not issued').map((line) => line.retryInSeconds);

  it('are placed once for each host that nothing covers, and served at once', async () => {
    wanted = ['wiki.example.com', 'hr.example.com', 'wiki.example.com'];
    const { store, renewals } = await start();
    await renewals.check();
    await renewals.check();
    expect(orders).to.deep.equal(['hr.example.com', 'wiki.example.com']);
    expect(store.certificateFor('wiki.example.com')?.name).to.match(/^acme-wiki-example-com-[0-9a-f]{8}$/);
    const [key = ''] = readdirSync(folder).filter((name) => name.endsWith('.key'));
    expect(statSync(join(folder, key)).mode & 0o777).to.equal(0o600);
  });

  it('are placed again when a third of the life is left, not before', async () => {
    wanted = ['wiki.example.com'];
    const { store, renewals } = await start();
    await renewals.check();
    const first = store.certificateFor('wiki.example.com')?.thumbprint;
    nowMs += 59 * DAY_MS;
    await renewals.check();
    expect(orders).to.have.length(1);
    nowMs += 2 * DAY_MS;
    await renewals.check();
    expect(orders).to.have.length(2);
    expect(store.certificateFor('wiki.example.com')?.thumbprint).not.to.equal(first);
  });

  it('are not placed for a host that an admin has a certificate for', async () => {
    const pem = await pemCertificates({ names: ['*.example.com'] });
    writeFileSync(join(folder, 'ours.key'), pem.key, { mode: 0o600 });
    writeFileSync(join(folder, 'ours.crt'), pem.leaf + pem.intermediate);
    wanted = ['wiki.example.com'];
    const { renewals } = await start();
    await renewals.check();
    expect(orders).to.deep.equal([]);
  });

  it('wait longer after each failure, at most a day, and go on serving what is there', async () => {
    wanted = ['wiki.example.com'];
    const { store, renewals } = await start();
    await renewals.check();
    nowMs += 70 * DAY_MS;
    failure = acmeFailed('away', { isRetryable: true });
    for (let i = 0; i < 4; i += 1) {
      await renewals.check();
      await renewals.check();
      nowMs += Number(waits().at(-1)) * 1000;
    }
    expect(waits()).to.deep.equal([60, 120, 240, 480]);
    expect(store.certificateFor('wiki.example.com')).to.have.property('hosts');
    failure = acmeFailed('slow down', { isRetryable: true, retryAfterSeconds: 7_200 });
    await renewals.check();
    failure = acmeFailed('rejected for good', { isRetryable: false });
    nowMs += 7_200_000;
    await renewals.check();
    expect(waits().slice(4)).to.deep.equal([7_200, 86_400]);
    failure = undefined;
    nowMs += DAY_MS;
    await renewals.check();
    expect(orders).to.have.length(8);
  });

  it('are at most 20 an hour', async () => {
    wanted = Array.from({ length: 30 }, (_none, index) => `host-${index}.example.com`);
    failure = acmeFailed('away', { isRetryable: true });
    const { renewals } = await start();
    await renewals.check();
    expect(orders).to.have.length(20);
    nowMs += 61 * MINUTE_MS;
    await renewals.check();
    expect(orders).to.have.length(40);
    expect(new Set(orders).size, 'hosts of the first hour come again, those that waited too').to.be.above(20);
  });

  it('are no more for a host that nobody uses; its certificate goes when it would be renewed', async () => {
    wanted = ['wiki.example.com'];
    const { store, renewals } = await start();
    await renewals.check();
    wanted = [];
    nowMs += 10 * DAY_MS;
    await renewals.check();
    expect(store.certificates()).to.have.length(1);
    nowMs += 60 * DAY_MS;
    await renewals.check();
    expect([store.certificates(), readdirSync(folder)]).to.deep.equal([[], []]);
  });

  it('refuse what came back when it cannot serve', async () => {
    wanted = ['wiki.example.com'];
    const { store, renewals } = await start();
    nowMs += 200 * DAY_MS;
    const issued = await pemCertificates({ names: ['wiki.example.com'] });
    failure = undefined;
    const broken = new AcmeRenewals({
      directory: folder,
      store,
      issuer: { issue: async () => ({ chain: issued.leaf, key: issued.key }) },
      wantedHosts: () => wanted,
      logger: createLogger({ service: 'spec', write: (line) => void log.push(JSON.parse(line)) }),
      now: () => nowMs,
      checkIntervalMs: 600_000,
    });
    stops.push(() => broken.stop());
    await broken.check();
    expect(readdirSync(folder)).to.deep.equal([]);
    expect(waits()).to.deep.equal([60]);
    await renewals.stop();
  });
});

describe('account key', () => {
  it('is made once, for its owner alone, and refused when others may read it', async () => {
    const folder = join(mkdtempSync(join(tmpdir(), 'sallyport-account-')), 'certificates');
    try {
      const first = await openAccountKey(folder);
      const again = await openAccountKey(folder);
      expect(again.export({ format: 'jwk' })).to.deep.equal(first.export({ format: 'jwk' }));
      const file = join(folder, 'acme-account.key');
      expect(statSync(file).mode & 0o777).to.equal(0o600);
      chmodSync(file, 0o644);
      const [outcome] = await Promise.allSettled([openAccountKey(folder)]);
      expect(outcome).to.have.nested.property('reason.code', 'ERR_INGRESS_ACME_ACCOUNT');
      mkdirSync(folder, { recursive: true });
    } finally {
      rmSync(join(folder, '..'), { recursive: true, force: true });
    }
  });
});
