import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { isSallyportError } from '#libs/errors';
import { createNodeCryptoSealer } from '../../../../services/auth/src/sealing/node-crypto-sealer.ts';
import { loadSealingKeys } from '../../../../services/auth/src/sealing/sealing-keys.ts';
import { basicFields } from '../../../../services/auth/src/single-sign-on/basic.ts';
import { bearerFields } from '../../../../services/auth/src/single-sign-on/bearer.ts';
import {
  createOriginSecrets,
  ORIGIN_SECRET_KEY_FILE,
} from '../../../../services/auth/src/single-sign-on/origin-secrets.ts';
import { fieldRecord, signedOn } from './support.ts';

const DAY_MS = 86_400_000;

describe('sealed secrets of origins', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-secrets-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const open = (days = 0) => createOriginSecrets(folder, () => Date.now() + days * DAY_MS);

  it('become the password of Basic, in UTF-8', async () => {
    const secrets = open();
    const sealedPassword = await secrets.seal('pässwörd:1');
    expect(sealedPassword).not.to.contain('pässwörd');
    const outcome = await basicFields({ kind: 'basic', username: 'svc', sealedPassword }, secrets).fieldsFor(
      signedOn(),
    );
    if (outcome.kind === 'refused') throw new Error(outcome.reason);
    const { Authorization = '' } = fieldRecord(outcome.fields);
    expect(Authorization).to.match(/^Basic [A-Za-z0-9+/]+=*$/);
    expect(Buffer.from(Authorization.slice(6), 'base64').toString('utf8')).to.equal('svc:pässwörd:1');
  });

  it('become the token of Bearer', async () => {
    const secrets = open();
    const sealedToken = await secrets.seal('t0ken');
    expect(await bearerFields({ kind: 'bearer', sealedToken }, secrets).fieldsFor(signedOn())).to.deep.equal({
      kind: 'fields',
      fields: ['Authorization', 'Bearer t0ken'],
    });
  });

  it('are read by the next process and years later: no key of theirs ends', async () => {
    const sealed = await open().seal('pw');
    expect(await open(0).open(sealed)).to.equal('pw');
    expect(await open(3_650).open(sealed)).to.equal('pw');
    expect(await open(3_650).open(await open(3_650).seal('other'))).to.equal('other');
  });

  it('are never the same text twice', async () => {
    const secrets = open();
    expect(await secrets.seal('pw')).not.to.equal(await secrets.seal('pw'));
  });

  it('that cannot be opened deny, with what is wrong and who can mend it', async () => {
    const sealed = await open().seal('pw');
    rmSync(join(folder, ORIGIN_SECRET_KEY_FILE));
    const secrets = open();
    for (const text of [sealed, 'nonsense', `${sealed.slice(0, -2)}AA`])
      for (const mode of [
        basicFields({ kind: 'basic', username: 'svc', sealedPassword: text }, secrets),
        bearerFields({ kind: 'bearer', sealedToken: text }, secrets),
      ]) {
        const outcome = await mode.fieldsFor(signedOn());
        expect(outcome).to.include({ kind: 'refused', reason: 'single-sign-on-secret-unreadable' });
        if (outcome.kind === 'refused') expect(outcome.detail).to.contain('An administrator has to give it again');
      }
  });

  it('are as long as they have bytes, whatever signs they are made of', async () => {
    const secrets = open();
    for (const secret of ['"'.repeat(4_096), '\\'.repeat(4_096), '\u2028'.repeat(1_365), '😀'.repeat(1_024)])
      expect(await secrets.open(await secrets.seal(secret))).to.equal(secret);
  });

  it('of an earlier version are read', async () => {
    const keys = loadSealingKeys(join(folder, ORIGIN_SECRET_KEY_FILE), Number.POSITIVE_INFINITY, new Date());
    const sealed = await createNodeCryptoSealer(keys).seal('origin-secret', { secret: 'pw' }, 60);
    expect(await open().open(sealed)).to.equal('pw');
  });

  it('have a bound: longer ones are refused, not cut', async () => {
    const secrets = open();
    expect(await secrets.open(await secrets.seal('x'.repeat(4_096)))).to.equal('x'.repeat(4_096));
    const error = await secrets.seal('€'.repeat(4_096)).catch((thrown: unknown) => thrown);
    expect(isSallyportError(error, 'ERR_AUTH_SEAL_SIZE')).to.equal(true);
  });
});
