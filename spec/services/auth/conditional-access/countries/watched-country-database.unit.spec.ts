import { mkdirSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { createLogger } from '#libs/telemetry';
import {
  MAX_COUNTRY_DATABASE_BYTES,
  type WatchedCountryDatabase,
  watchCountryDatabase,
} from '../../../../../services/auth/src/conditional-access/countries/watched-country-database.ts';
import { until } from '../../../../support/until.ts';
import { bitsOf, writeMmdb } from '../../support/mmdb-writer.ts';

const saying = (code: string) =>
  writeMmdb({ networks: [[bitsOf('192.0.2.0/24'), { country: { iso_code: code } }]], kind: `Spec-${code}` });

describe('the file of the country database', () => {
  let folder: string;
  let file: string;
  let log: string[];
  let watched: WatchedCountryDatabase | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-countries-'));
    file = join(folder, 'countries.mmdb');
    log = [];
    watched = undefined;
  });
  afterEach(async () => {
    await watched?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const start = async () => {
    const logger = createLogger({ service: 'auth', write: (line) => log.push(line) });
    watched = await watchCountryDatabase({ file, logger, pollMs: 5 });
    return watched;
  };
  const isSaid = (code: string) => () => watched?.countryOf('192.0.2.1') === code;
  const errors = () => log.filter((line) => line.includes('the last good one stays'));
  const refused = async () => {
    const outcome: unknown = await start().catch((error: unknown) => error);
    return outcome instanceof Error ? outcome.message : 'it started';
  };

  it('is read at the start, and says of what kind it is', async () => {
    writeFileSync(file, saying('IT'));
    const { countryOf } = await start();
    expect([countryOf('192.0.2.1'), countryOf('192.0.3.1'), countryOf('nonsense')]).to.deep.equal([
      'IT',
      'unknown',
      'unknown',
    ]);
    expect(log.join('')).to.include('Spec-IT');
  });

  it('stops the start when it is missing, and the error names file, problem and remedy', async () => {
    expect(await refused()).to.equal(
      `country database ${file} does not exist: put a whole .mmdb file with countries there (MaxMind DB 2.0), or take \`countryDatabase\` out of the configuration`,
    );
  });

  it('stops the start when it is a folder, cut short, of another kind, or too large', async () => {
    mkdirSync(file);
    expect(await refused()).to.include(`${file} is no file: put`);
    rmSync(file, { recursive: true });
    writeFileSync(file, saying('IT').subarray(0, -60));
    expect(await refused())
      .to.include(file)
      .and.to.include('cut short');
    writeFileSync(file, writeMmdb({ networks: [[bitsOf('192.0.2.0/24'), { asn: 1 }]] }));
    expect(await refused()).to.include(`${file} has no countries, it is of another kind: put`);
    truncateSync(file, MAX_COUNTRY_DATABASE_BYTES + 1);
    expect(await refused()).to.include(`at most ${MAX_COUNTRY_DATABASE_BYTES} are read: put`);
  });

  it('is read again when it is replaced by a rename, and when it is written over', async () => {
    writeFileSync(file, saying('IT'));
    await start();
    writeFileSync(join(folder, 'new'), saying('DE'));
    renameSync(join(folder, 'new'), file);
    await until(isSaid('DE'));
    writeFileSync(file, saying('NO'));
    await until(isSaid('NO'));
    expect(log.filter((line) => line.includes('country database replaced')).length).to.be.greaterThanOrEqual(2);
  });

  it('leaves the last good one in place, with one error, while it is damaged or gone', async () => {
    writeFileSync(file, saying('IT'));
    await start();
    writeFileSync(join(folder, 'new'), saying('DE').subarray(0, -100));
    renameSync(join(folder, 'new'), file);
    await until(() => errors().length === 1);
    expect(errors()[0]).to.include(file).and.to.include('cut short');
    expect(isSaid('IT')()).to.equal(true);
    rmSync(file);
    await until(() => errors().length === 2);
    expect(errors()[1]).to.include('does not exist');
    expect(isSaid('IT')()).to.equal(true);
    writeFileSync(join(folder, 'new'), saying('DE'));
    renameSync(join(folder, 'new'), file);
    await until(isSaid('DE'));
    expect(errors()).to.have.length(2);
  });

  it('is left alone after the stop, which may come twice', async () => {
    writeFileSync(file, saying('IT'));
    const { stop } = await start();
    await Promise.all([stop(), stop()]);
    expect(isSaid('IT')()).to.equal(true);
  });
});
