import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { AppDirectory } from '../../../../services/ingress/src/directory/app-directory.ts';
import { PathIndex } from '../../../../services/ingress/src/directory/path-index.ts';
import { appView, DOMAIN } from '../support/ingress-rig.ts';

const folder = fc
  .array(fc.constantFrom('a', 'b', 'ab', 'team'), { maxLength: 4 })
  .map((parts) => (parts.length === 0 ? '/' : `/${parts.join('/')}/`));
const path = fc
  .array(fc.constantFrom('a', 'b', 'ab', 'team', ''), { maxLength: 6 })
  .map((parts) => `/${parts.join('/')}`);

describe('path index', () => {
  it('finds the longest folder that holds a path, as comparing each folder does', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(folder, { maxLength: 20 }),
        fc.array(folder, { maxLength: 5 }),
        path,
        (all, gone, at) => {
          const index = new PathIndex<string>();
          for (const one of all) index.add(one, one);
          for (const one of gone) index.remove(one, one);
          const [expected] = all
            .filter((one) => !gone.includes(one) && (at.startsWith(one) || `${at}/` === one))
            .sort((a, b) => b.length - a.length);
          expect(index.find(at)).to.deep.equal(expected === undefined ? undefined : [expected]);
        },
      ),
    );
  });

  it('does not look at every folder, nor cut a path at every slash', () => {
    const index = new PathIndex<number>();
    for (let i = 0; i < 10_000; i += 1) index.add(`/team-${String(i).padStart(5, '0')}/`, i);
    expect(index.find('/team-07654/x')).to.deep.equal([7654]);
    const startedAt = performance.now();
    for (let i = 0; i < 1_000; i += 1) index.find('/'.repeat(16_000));
    expect(performance.now() - startedAt, 'ms for 1,000 paths of 16,000 slashes').to.be.below(500);
  });
});

describe('apps of one host by path', () => {
  const at = (name: string, externalPath: string) =>
    appView(name, { externalUrl: `https://shared.${DOMAIN}${externalPath}` });
  const find = (directory: AppDirectory, written: string, read = written) =>
    directory.placesOf(`shared.${DOMAIN}`)?.find(written, read)?.view.id;

  it('go by whole segments, the longest first', () => {
    const directory = new AppDirectory('default');
    for (const view of [at('root', '/'), at('team', '/team/'), at('deep', '/team/a/')]) directory.put(view);
    expect(find(directory, '/team')).to.equal('app_team');
    expect(find(directory, '/team/a/b')).to.equal('app_deep');
    expect(find(directory, '/teams')).to.equal('app_root');
  });

  it('give no app a path whose spelling belongs to another', () => {
    const directory = new AppDirectory('default');
    for (const view of [at('root', '/'), at('admin', '/admin/')]) directory.put(view);
    for (const spelling of ['//admin/x', '/Admin/x', '/admin;v=1/x', '/%61dmin/x'])
      expect(find(directory, spelling), spelling).to.equal(undefined);
    expect(find(directory, '/%2Fadmin', '/admin')).to.equal(undefined);
    expect(find(directory, '/admin/x')).to.equal('app_admin');
  });

  it('keep two apps apart whose paths differ in case only', () => {
    const directory = new AppDirectory('default');
    for (const view of [at('upper', '/Admin/'), at('lower', '/admin/')]) directory.put(view);
    expect([find(directory, '/Admin/x'), find(directory, '/admin/x')]).to.deep.equal(['app_upper', 'app_lower']);
    expect(find(directory, '/ADMIN/x')).to.equal(undefined);
  });
});
