import { expect } from 'chai';
import { describe, it } from 'mocha';
import { fieldText } from '#libs/http1';
import { identityFields } from '../../../../services/ingress/src/pipeline/assign-identity-headers.ts';

const principal = {
  subject: 'oid',
  directoryTenant: 'tid',
  username: 'ada@example.com',
  name: 'Ada',
  email: null,
  groups: ['g-1', 'a,b', 'Größe'],
  roles: [],
  directoryRoles: [],
};

function asRecord(fields: readonly string[]): Record<string, string> {
  return Object.fromEntries(Array.from({ length: fields.length / 2 }, (_, i) => [fields[2 * i], fields[2 * i + 1]]));
}

describe('identity headers', () => {
  for (const [value, shown] of [
    ['Ada Lovelace', 'Ada Lovelace'],
    ['', ''],
    ['José', "UTF-8''Jos%C3%A9"],
    ['line\r\nX-Forged: 1', "UTF-8''line%0D%0AX-Forged%3A%201"],
    ["UTF-8''faked", "UTF-8''UTF-8%27%27faked"],
    [' padded ', "UTF-8''%20padded%20"],
    ['lone \ud800', "UTF-8''lone%20%EF%BF%BD"],
    ['100%', '100%'],
  ] as const) {
    it(`writes ${JSON.stringify(value)} as ${shown}`, () => expect(fieldText(value)).to.equal(shown));
  }

  it('keeps list items apart, and leaves out what is not known', () => {
    const fields = asRecord(identityFields(principal, 'a.b.c'));
    expect(fields).to.include({
      'X-Sallyport-Groups': "g-1,UTF-8''a%2Cb,UTF-8''Gr%C3%B6%C3%9Fe",
      'X-Sallyport-Roles': '',
    });
    expect(fields).not.to.have.any.keys('X-Sallyport-Email', 'X-Sallyport-Truncated');
  });

  it('cuts a list that is too long, which takes rights away and never adds them, and says so', () => {
    const groups = Array.from({ length: 1_000 }, (_, i) => `00000000-0000-0000-0000-${String(i).padStart(12, '0')}`);
    const fields = asRecord(identityFields({ ...principal, groups }, 'a.b.c'));
    expect(fields['X-Sallyport-Groups']?.length).to.be.at.most(6 * 1024);
    expect(groups.join(',').startsWith(fields['X-Sallyport-Groups'] ?? '?')).to.equal(true);
    expect(fields['X-Sallyport-Truncated']).to.equal('groups');
  });

  it('lists app roles as groups are listed, and cuts them alike', () => {
    const fields = asRecord(identityFields({ ...principal, roles: ['Wiki.Reader', 'a,b', 'x\r\ny'] }, 'a.b.c'));
    expect(fields['X-Sallyport-Roles']).to.equal("Wiki.Reader,UTF-8''a%2Cb,UTF-8''x%0D%0Ay");
    const roles = Array.from({ length: 200 }, (_, i) => `${'r'.repeat(120)}${i}`);
    const many = asRecord(identityFields({ ...principal, roles }, 'a.b.c'));
    expect(many['X-Sallyport-Roles']?.length).to.be.within(5_000, 6 * 1024);
    expect(roles.slice(0, many['X-Sallyport-Roles']?.split(',').length).join(',')).to.equal(many['X-Sallyport-Roles']);
    expect(many['X-Sallyport-Truncated']).to.equal('roles');
  });

  it('says of unknown groups that the list is not whole, so that an empty one is never read as no groups', () => {
    const fields = asRecord(identityFields({ ...principal, groups: [], groupsOverage: true }, 'a.b.c'));
    expect(fields).to.include({ 'X-Sallyport-Groups': '', 'X-Sallyport-Truncated': 'groups' });
  });
});
