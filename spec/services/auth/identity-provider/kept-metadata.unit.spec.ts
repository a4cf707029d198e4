import { expect } from 'chai';
import { beforeEach, describe, it } from 'mocha';
import {
  KeptMetadata,
  MAX_UNKNOWN_KEY_READS,
  MAX_WAITING_FOR_KEYS,
  METADATA_MAX_STALE_MS,
  METADATA_TTL_MS,
  RETRY_MS,
  UNKNOWN_KEY_READ_MS,
} from '../../../../services/auth/src/identity-provider/kept-metadata.ts';

type Published = { readonly hasKey: (keyId: string) => boolean };

describe('what a provider publishes', () => {
  let keys: readonly string[];
  let nowMs: number;
  let reads: number;
  let failure: Error | undefined;
  /** Reads wait for it. */
  let gate: Promise<void>;
  let kept: KeptMetadata<Published>;
  beforeEach(async () => {
    [keys, nowMs, reads, failure, gate] = [['k1'], 1_000_000, 0, undefined, Promise.resolve()];
    kept = new KeptMetadata<Published>(
      async () => {
        reads += 1;
        const published = [...keys];
        await gate;
        if (failure !== undefined) throw failure;
        return { hasKey: (keyId) => published.includes(keyId) };
      },
      () => nowMs,
    );
    await kept.get('k1');
  });
  const knows = async (keyId: string) => (await kept.get(keyId)).hasKey(keyId);
  const closeGate = (): (() => void) => {
    let open: () => void = () => undefined;
    gate = new Promise((resolve) => {
      open = resolve;
    });
    return () => open();
  };

  it('is known to all who come together with a new key, by one read', async () => {
    keys = ['k1', 'k2'];
    const open = closeGate();
    const asking = ['k2', 'k2', 'k1', 'k2'].map(knows);
    open();
    expect(await Promise.all(asking)).to.deep.equal([true, true, true, true]);
    expect(reads).to.equal(2);
  });

  it('is not kept from the honest by a key id that somebody made up', async () => {
    expect(await knows('made-up')).to.equal(false);
    keys = ['k1', 'k2'];
    expect(await knows('k2')).to.equal(true);
    keys = ['k1', 'k2', 'k3'];
    for (let index = 0; index < 100; index += 1) await kept.get(`made-up-${index}`);
    expect(reads).to.equal(1 + MAX_UNKNOWN_KEY_READS);
    expect(await knows('k3')).to.equal(true);
    keys = [...keys, 'k4'];
    expect(await knows('k4')).to.equal(false);
    nowMs += UNKNOWN_KEY_READ_MS;
    expect(await knows('k4')).to.equal(true);
    for (let index = 0; index < 100; index += 1) await kept.get(`made-up-${index}`);
    expect(reads).to.equal(2 + MAX_UNKNOWN_KEY_READS);
  });

  it('costs nobody the reads that failed', async () => {
    failure = new Error('away');
    for (let index = 0; index < 10; index += 1) {
      nowMs += RETRY_MS;
      expect(await knows('k2')).to.equal(false);
      expect(await knows('k2')).to.equal(false);
    }
    expect(reads).to.equal(11);
    expect(await knows('k1')).to.equal(true);
    [failure, keys] = [undefined, ['k2']];
    nowMs += RETRY_MS;
    expect(await knows('k2')).to.equal(true);
  });

  it('is waited for by so many, and no more', async () => {
    keys = ['k1', 'k2'];
    const open = closeGate();
    const asking = Array.from({ length: MAX_WAITING_FOR_KEYS + 5 }, () => knows('k2'));
    expect(await Promise.all(asking.slice(MAX_WAITING_FOR_KEYS))).to.deep.equal(Array(5).fill(false));
    open();
    expect(new Set(await Promise.all(asking.slice(0, MAX_WAITING_FOR_KEYS)))).to.deep.equal(new Set([true]));
  });

  it('serves past its time while it is read again, and not a day longer', async () => {
    nowMs += METADATA_TTL_MS + 1;
    failure = new Error('away');
    expect(await knows('k1')).to.equal(true);
    expect(reads).to.equal(2);
    nowMs += METADATA_MAX_STALE_MS;
    const error = await kept.get('k1').catch((caught: unknown) => caught);
    expect(error).to.equal(failure);
  });
});
