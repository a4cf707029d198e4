import { expect } from 'chai';
import { beforeEach, describe, it } from 'mocha';
import {
  createKeptCredentials,
  KEPT_MARGIN_SECONDS,
  type KeptCredentials,
  MAX_KEPT_SECONDS,
} from '../../../../services/connector/src/origins/kerberos/kept-credentials.ts';

type Fake = { readonly of: string; readonly lifetimeSeconds: number };

describe('kept credentials of users', () => {
  let nowMs: number;
  let acquired: Fake[];
  let released: Fake[];
  let kept: KeptCredentials<Fake>;

  beforeEach(() => {
    nowMs = 1_000_000;
    acquired = [];
    released = [];
    kept = createKeptCredentials<Fake>({ nowMs: () => nowMs, release: (one) => released.push(one), max: 2 });
  });

  const acquire =
    (of: string, lifetimeSeconds = 36_000) =>
    async () => {
      const made = { of, lifetimeSeconds };
      acquired.push(made);
      return made;
    };
  const use = (of: string, lifetimeSeconds?: number) =>
    kept.use(of, acquire(of, lifetimeSeconds), (one) => Promise.resolve(one));

  it('serve again until the longest time has passed', async () => {
    const first = await use('alice');
    nowMs += MAX_KEPT_SECONDS * 1000 - 1;
    expect(await use('alice')).to.equal(first);
    nowMs += 1;
    expect(await use('alice')).not.to.equal(first);
    expect(released).to.deep.equal([first]);
  });

  it('never serve near the end of their ticket', async () => {
    const first = await use('alice', KEPT_MARGIN_SECONDS + 100);
    nowMs += 100_000 - 1;
    expect(await use('alice')).to.equal(first);
    nowMs += 1;
    expect(await use('alice')).not.to.equal(first);
  });

  it('are not kept where the ticket ends at once', async () => {
    await use('alice', KEPT_MARGIN_SECONDS);
    expect([kept.size, released.length]).to.deep.equal([0, 1]);
  });

  it('are got once for all who come at the same time', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => use('alice')));
    expect([new Set(all).size, acquired.length]).to.deep.equal([1, 1]);
  });

  it('go at the bound, the one not used for longest first, and are released', async () => {
    await use('alice');
    await use('bob');
    await use('alice');
    await use('carol');
    expect(released.map(({ of }) => of)).to.deep.equal(['bob']);
    expect(kept.size).to.equal(2);
  });

  it('are released only when nobody works with them any more', async () => {
    let finish: () => void = () => undefined;
    const working = kept.use('alice', acquire('alice'), () => new Promise<void>((resolve) => (finish = resolve)));
    await new Promise((resolve) => setImmediate(resolve));
    kept.drop('alice');
    expect(released).to.have.length(0);
    finish();
    await working;
    expect(released).to.have.length(1);
  });

  it('do not keep a failure', async () => {
    const failing = () => Promise.reject<Fake>(new Error('no'));
    const results = await Promise.allSettled([1, 2].map(() => kept.use('alice', failing, () => Promise.resolve())));
    expect(results.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected']);
    await use('alice');
    expect(acquired).to.have.length(1);
  });
});
