import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { userAggregate, userIdOf } from '#libs/contracts';
import { isSallyportError, type SallyportError } from '#libs/errors';
import { metadataOf } from '#libs/events/testing';
import { findPerson, newestPeople } from '../../../../services/auth/src/users/find-person.ts';
import { OTHER, type PeopleWorld, startPeopleWorld } from '../support/people-world.ts';

const HOME = 'tid';
const GUID = '6b1f0a52-9a8b-4a7e-8c1e-2f6f3b7a9d10';
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
  const idOf = (subject: string) => userIdOf({ subject, directoryTenant: HOME });

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

  it('is listed once, with the newest name, and no more than asked for', () => {
    const listed = newestPeople(world.live, 10).map(({ person, username }) => [person.subject, username]);
    expect(listed).to.deep.equal([
      ['sub-bob', 'bob@example.com'],
      ['oid-bob', 'bob@example.com'],
      ['oid-ada', 'Ada.New@example.com'],
      ['oid-eve', null],
    ]);
    expect(newestPeople(world.live, 2)).to.have.length(2);
  });
});
