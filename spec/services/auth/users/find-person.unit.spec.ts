import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { userAggregate, userIdOf } from '#libs/contracts';
import { isSallyportError, type SallyportError } from '#libs/errors';
import { metadataOf } from '#libs/events/testing';
import { findPerson, newestPeople } from '../../../../services/auth/src/users/find-person.ts';
import { OTHER, type PeopleWorld, startPeopleWorld } from '../support/people-world.ts';

const HOME = 'tid';
const GUID = '6b1f0a52-9a8b-4a7e-8c1e-2f6f3b7a9d10';
/** Of somebody at the further provider, and perhaps of somebody at the first. */
const SHARED = '11111111-9a8b-4a7e-8c1e-2f6f3b7a9d10';
const idOf = (subject: string) => userIdOf({ subject, directoryTenant: HOME });
const DIRECTORIES = [HOME, OTHER];

describe('a person by name', () => {
  let world: PeopleWorld;
  before(async () => {
    world = await startPeopleWorld();
    const principal = { name: '', email: null, groups: [], roles: [], directoryRoles: [] };
    const start = (id: string, subject: string, directoryTenant: string, username: string) =>
      world.session(id, subject, { principal: { ...principal, subject, directoryTenant, username } });
    await start('ses_1', 'oid-ada', HOME, 'Ada@example.com');
    await start('ses_2', 'oid-ada', HOME, 'Ada.New@example.com');
    await start('ses_3', 'oid-bob', HOME, 'bob@example.com');
    await start('ses_4', 'sub-bob', OTHER, 'bob@example.com');
    await start('ses_5', 'sub-mallory', OTHER, GUID);
    await start('ses_6', 'sub-trudy', OTHER, 'carl@example.com');
    await start('ses_7', 'sub-oscar', OTHER, 'oid-dora');
    await start('ses_8', 'oid-dora', HOME, 'dora@example.com');
    await start('ses_11', 'sub-eve', OTHER, idOf('oid-eve'));
    await start('ses_9', 'dave@example.com', OTHER, 'Dave');
    await start('ses_10', SHARED, OTHER, 'erin@example.com');
    const eve = { directoryTenant: HOME, subject: 'oid-eve' };
    const ref = { tenant: world.tenant, type: userAggregate, id: userIdOf(eve) };
    await world.store.append(ref, 0, [{ type: 'UserDisabled', data: { ...eve, detail: '' } }], metadataOf('cmd-eve'));
    await world.live.waitFor(await world.store.head(), 2_000);
  });
  after(() => world?.stop());

  const find = (user: string, directoryTenant?: string) =>
    findPerson(world.live, { user, directoryTenant }, DIRECTORIES);
  const refusal = async (user: string, directoryTenant?: string): Promise<SallyportError> => {
    const error = await find(user, directoryTenant).catch((thrown: unknown) => thrown);
    if (isSallyportError(error)) return error;
    throw new Error(`${user} was found`, { cause: error });
  };

  for (const name of ['ada@EXAMPLE.com', 'ada.new@example.com', 'oid-ada', 'OID-ADA', idOf('oid-ada')])
    it(`is known by ${name}`, async () => {
      expect(await find(name)).to.deep.equal({ subject: 'oid-ada', directoryTenant: HOME });
    });

  for (const name of ['oid-eve', idOf('oid-eve'), idOf('oid-eve').toUpperCase()])
    it(`of whom only something is recorded is known by ${name}`, async () => {
      expect(await find(name)).to.deep.equal({ subject: 'oid-eve', directoryTenant: HOME });
    });

  it('is not chosen among several: the error names them, and a directory decides', async () => {
    const error = await refusal('bob@example.com');
    expect(error.code).to.equal('ERR_USER_AMBIGUOUS');
    expect(error.message).to.include('oid-bob').and.include(OTHER).and.include('give the subject id');
    expect((await find('bob@example.com', OTHER)).subject).to.equal('sub-bob');
    expect((await find('bob@example.com', HOME.toUpperCase())).subject).to.equal('oid-bob');
  });

  it('of whom nothing is known is taken by subject id, a GUID in the case the provider writes it', async () => {
    expect(await find(GUID.toUpperCase())).to.deep.equal({ subject: GUID, directoryTenant: HOME });
    expect(await find('sub-new', OTHER)).to.deep.equal({ subject: 'sub-new', directoryTenant: OTHER });
  });

  describe('that people gave themselves', () => {
    it('never goes before a subject id, known or not', async () => {
      expect(await find('oid-dora')).to.deep.equal({ subject: 'oid-dora', directoryTenant: HOME });
      expect(await find(GUID)).to.deep.equal({ subject: GUID, directoryTenant: HOME });
      expect(await find(GUID, OTHER)).to.deep.equal({ subject: GUID, directoryTenant: OTHER });
    });

    for (const [name, directory, meant] of [
      ['carl@example.com', undefined, 'sub-trudy'],
      ['dave@example.com', undefined, OTHER],
      ['Dave', OTHER, 'dave@example.com'],
      [SHARED, undefined, HOME],
    ] as const)
      it(`as ${name}${directory === undefined ? '' : ' of a directory'} does not decide who is meant`, async () => {
        const error = await refusal(name, directory);
        expect(error.code).to.equal('ERR_USER_AMBIGUOUS');
        expect(error.message).to.include(meant);
      });

    it('is taken with the directory, or of the first one', async () => {
      expect((await find('carl@example.com', OTHER)).subject).to.equal('sub-trudy');
      expect((await find('dave@example.com', OTHER)).subject).to.equal('dave@example.com');
      expect((await find(SHARED, OTHER)).subject).to.equal(SHARED);
      expect((await find('dora@example.com')).subject).to.equal('oid-dora');
    });
  });

  for (const [name, directory] of [
    ['carol@example.com', undefined],
    ['carol', undefined],
    ['carol@example.com', HOME],
    [idOf('nobody'), HOME],
    [idOf('nobody'), undefined],
    ['x'.repeat(129), HOME],
  ] as const)
    it(`is absent as ${name.slice(0, 20)}${directory === undefined ? '' : ' of a directory'}`, async () => {
      const error = await refusal(name, directory);
      expect(error.code).to.equal('ERR_USER_ABSENT');
      expect(error.message).to.include('subject id');
    });

  for (const directory of [`${OTHER}/`, 'https://idp.exmaple', '', GUID])
    it(`of whom nothing is known is in no directory ${JSON.stringify(directory)}, which nobody has`, async () => {
      const error = await refusal('sub-new', directory);
      expect(error.code).to.equal('ERR_USER_ABSENT');
      expect(error.message).to.include('no identity provider has').and.include(`${HOME}, ${OTHER}`);
    });

  it('is found in a directory that no identity provider has any more', async () => {
    const left = await findPerson(world.live, { user: 'sub-bob', directoryTenant: OTHER }, [HOME]);
    expect(left).to.deep.equal({ subject: 'sub-bob', directoryTenant: OTHER });
    expect((await find(GUID, HOME.toUpperCase())).directoryTenant).to.equal(HOME);
  });

  it('is listed once, with the newest name, and no more than asked for', () => {
    const listed = newestPeople(world.live, 20).map(({ person, username }) => [person.subject, username]);
    expect(listed).to.deep.equal([
      [SHARED, 'erin@example.com'],
      ['dave@example.com', 'Dave'],
      ['sub-eve', idOf('oid-eve')],
      ['oid-dora', 'dora@example.com'],
      ['sub-oscar', 'oid-dora'],
      ['sub-trudy', 'carl@example.com'],
      ['sub-mallory', GUID],
      ['sub-bob', 'bob@example.com'],
      ['oid-bob', 'bob@example.com'],
      ['oid-ada', 'Ada.New@example.com'],
      ['oid-eve', null],
    ]);
    expect(newestPeople(world.live, 2)).to.have.length(2);
  });
});
