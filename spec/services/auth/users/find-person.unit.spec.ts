import { expect } from 'chai';
import { describe, it } from 'mocha';
import { userIdOf } from '#libs/contracts';
import { isSallyportError } from '#libs/errors';
import { findPerson, type KnownPerson } from '../../../../services/auth/src/users/find-person.ts';

const HOME = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';
const GUID = '6b1f0a52-9a8b-4a7e-8c1e-2f6f3b7a9d10';
const known = (subject: string, directoryTenant: string, username: string | null = null): KnownPerson => {
  const person = { subject, directoryTenant };
  return { id: userIdOf(person), person, username, activeSessions: 0 };
};
const people = [
  known('oid-ada', HOME, 'Ada@example.com'),
  known('oid-bob', HOME, 'bob@example.com'),
  known('sub-bob', 'https://idp.example', 'bob@example.com'),
  known('oid-eve', HOME),
];
const find = (user: string, directoryTenant?: string) => findPerson(people, { user, directoryTenant }, HOME);
const refusal = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    if (isSallyportError(error)) return error;
    throw error;
  }
  throw new Error('nothing was refused');
};

describe('a person by name', () => {
  for (const name of ['ada@EXAMPLE.com', 'oid-ada', 'OID-ADA', userIdOf({ subject: 'oid-ada', directoryTenant: HOME })])
    it(`is known by ${name}`, () => {
      expect(find(name)).to.deep.equal({ subject: 'oid-ada', directoryTenant: HOME });
    });

  it('is not chosen among several: the error names them, and a directory decides', () => {
    const error = refusal(() => find('bob@example.com'));
    expect(error.code).to.equal('ERR_USER_AMBIGUOUS');
    expect(error.message).to.include('oid-bob').and.include('https://idp.example').and.include('give the subject id');
    expect(find('bob@example.com', 'https://idp.example').subject).to.equal('sub-bob');
    expect(find('bob@example.com', HOME.toUpperCase()).subject).to.equal('oid-bob');
  });

  it('of whom nothing is known is taken by subject id, a GUID in the case the provider writes it', () => {
    expect(find(GUID.toUpperCase())).to.deep.equal({ subject: GUID, directoryTenant: HOME });
    expect(find('sub-new', 'https://idp.example')).to.deep.equal({
      subject: 'sub-new',
      directoryTenant: 'https://idp.example',
    });
  });

  for (const [name, directory] of [
    ['carol@example.com', undefined],
    ['carol', undefined],
    ['carol@example.com', HOME],
    ['x'.repeat(129), HOME],
  ] as const)
    it(`is absent as ${name.slice(0, 20)}${directory === undefined ? '' : ' of a directory'}`, () => {
      const error = refusal(() => find(name, directory));
      expect(error.code).to.equal('ERR_USER_ABSENT');
      expect(error.message).to.include('subject id');
    });
});
