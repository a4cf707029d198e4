import { expect } from 'chai';
import { array, assert, asyncProperty, oneof, string } from 'fast-check';
import { describe, it } from 'mocha';
import type { Principal } from '#libs/contracts';
import {
  claimHeaderFields,
  MAX_CLAIM_HEADER_CHARACTERS,
  MAX_CLAIM_HEADERS_CHARACTERS,
} from '../../../../services/auth/src/single-sign-on/claim-headers.ts';
import { fieldRecord, signedOn } from './support.ts';

async function fieldsOf(
  claims: readonly string[],
  principal: Partial<Principal> = {},
): Promise<Record<string, string>> {
  const headers = claims.map((claim, i) => ({ header: `X-${i}`, claim }));
  const outcome = await claimHeaderFields(headers).fieldsFor(signedOn(principal));
  if (outcome.kind === 'refused') throw new Error(outcome.reason);
  expect(
    outcome.fields.every((text) => /^[\x20-\x7e]*$/.test(text)),
    'printable ASCII',
  ).to.equal(true);
  return fieldRecord(outcome.fields);
}

describe('headers from claims', () => {
  it('carry what is known of everybody', async () => {
    const claims = ['username', 'name', 'subject', 'directoryTenant', 'groups', 'roles'];
    expect(await fieldsOf(claims)).to.deep.equal({
      'X-0': 'ada@example.com',
      'X-1': 'Ada Lovelace',
      'X-2': 'oid-ada',
      'X-3': 'tid',
      'X-4': 'g-1,g-2',
      'X-5': 'reader',
    });
    expect(await fieldsOf(['email'], { email: 'a@b.example' })).to.deep.equal({ 'X-0': 'a@b.example' });
    expect(await fieldsOf(['directoryRoles'], { directoryRoles: ['d-1'] })).to.deep.equal({ 'X-0': 'd-1' });
  });

  it('carry any other claim that is kept, as text or list', async () => {
    const claims = { department: 'R&D', costCenters: ['1', '2'] };
    expect(await fieldsOf(['department', 'costCenters'], { claims })).to.deep.equal({ 'X-0': 'R&D', 'X-1': '1,2' });
  });

  it('are not there without the claim, and that is not "truncated"', async () => {
    for (const principal of [{}, { claims: {} }, { claims: { department: '' } }, { claims: { department: [] } }])
      expect(await fieldsOf(['department', 'email'], principal)).to.deep.equal({});
    expect(await fieldsOf(['groups'], { groups: [] })).to.deep.equal({});
  });

  it('never send unknown groups, or directory roles, as none', async () => {
    expect(await fieldsOf(['groups', 'roles'], { groups: ['g-1'], groupsOverage: true })).to.deep.equal({
      'X-1': 'reader',
      'X-Sallyport-Truncated': 'x-0',
    });
    expect(await fieldsOf(['directoryRoles'], { directoryRolesUnknown: true })).to.deep.equal({
      'X-Sallyport-Truncated': 'x-0',
    });
  });

  it('cannot be taken from where no claim is', async () => {
    for (const claim of ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'claims'])
      expect(await fieldsOf([claim]), claim).to.deep.equal({});
  });

  it('let no claim of the provider stand in for what is known', async () => {
    expect(await fieldsOf(['username'], { claims: { username: 'root' } })).to.deep.equal({ 'X-0': 'ada@example.com' });
  });

  it('let no value end a line, hide a character or look encoded', async () => {
    for (const [value, shown] of [
      ['a\r\nX-Admin: 1', "UTF-8''a%0D%0AX-Admin%3A%201"],
      ['a\0b', "UTF-8''a%00b"],
      ['Größe', "UTF-8''Gr%C3%B6%C3%9Fe"],
      ["UTF-8''root", "UTF-8''UTF-8%27%27root"],
      [' root', "UTF-8''%20root"],
      ['\ud800', "UTF-8''%EF%BF%BD"],
    ] as const) {
      expect(await fieldsOf(['department'], { claims: { department: value } })).to.deep.equal({ 'X-0': shown });
      expect(await fieldsOf(['list'], { claims: { list: ['x', value] } })).to.deep.equal({ 'X-0': `x,${shown}` });
    }
    expect(await fieldsOf(['list'], { claims: { list: ['a,admins', 'b'] } })).to.deep.equal({
      'X-0': "UTF-8''a%2Cadmins,b",
    });
  });

  it('cut a list that is too long between two items, and leave out a text that is', async () => {
    const groups = Array.from({ length: 1_000 }, (_, i) => `00000000-0000-0000-0000-${String(i).padStart(12, '0')}`);
    const fields = await fieldsOf(['groups', 'long', 'name'], { groups, claims: { long: 'x'.repeat(5_000) } });
    expect(fields['X-0']?.length).to.be.within(4_000, MAX_CLAIM_HEADER_CHARACTERS);
    expect(groups).to.include.members(fields['X-0']?.split(',') ?? ['none']);
    expect(fields['X-1']).to.equal(undefined);
    expect(fields).to.include({ 'X-2': 'Ada Lovelace', 'X-Sallyport-Truncated': 'x-0,x-1' });
  });

  it('together stay within what an origin takes', async () => {
    const claims = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`c${i}`, 'x'.repeat(1_000)]));
    const { 'X-Sallyport-Truncated': truncated, ...fields } = await fieldsOf(Object.keys(claims), { claims });
    expect(Object.values(fields).join('').length).to.be.within(5_000, MAX_CLAIM_HEADERS_CHARACTERS);
    expect(truncated?.split(',').length).to.equal(30 - Object.keys(fields).length);
  });

  it('bring any text, and any list, back as it was', async () => {
    const decode = (text: string) => (text.startsWith("UTF-8''") ? decodeURIComponent(text.slice(7)) : text);
    const wellFormed = (text: string) => Buffer.from(text, 'utf8').toString('utf8');
    const anyText = oneof(string(), string({ unit: 'binary' }));
    await assert(
      asyncProperty(anyText, array(anyText, { maxLength: 8 }), async (text, list) => {
        const fields = await fieldsOf(['text', 'list'], { claims: { text, list } });
        expect(decode(fields['X-0'] ?? '')).to.equal(wellFormed(text));
        const items = fields['X-1'] === undefined ? [] : fields['X-1'].split(',').map(decode);
        expect(items).to.deep.equal(list.map(wellFormed));
      }),
    );
  });
});
