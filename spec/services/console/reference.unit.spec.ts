import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { SallyportError } from '#libs/errors';
import { statusOf } from '../../../services/console/src/api/problem.ts';
import { createRoutes } from '../../../services/console/src/api/service-routes.ts';

const page = readFileSync(new URL('../../../docs/reference/api.md', import.meta.url), 'utf8');
const routes = createRoutes({ ask: () => Promise.reject(new Error('not asked')) }, async () => true);

describe('docs/reference/api.md', () => {
  it('lists exactly the routes there are, and which look at If-Match', () => {
    const listed = [...page.matchAll(/^\| `([A-Z]+ \/v1\/[^`]+)` \|.*\| ([^|]*) ?\|$/gm)].map(([, route, notes]) => [
      route,
      notes?.trim() === 'If-Match',
    ]);
    const expected = routes.map(({ method, path, takesIfMatch }) => [
      `${method.toUpperCase()} /v1${path.replace(/:(\w+)/g, '{$1}')}`,
      takesIfMatch,
    ]);
    expect(listed).to.deep.equal(expected);
  });
  it('names every query field', () => {
    for (const { query } of routes)
      for (const name of Object.keys(query === undefined ? {} : ((query as { shape?: object }).shape ?? {})))
        expect(page, name).to.contain(name);
  });
  it('gives every code in its table of errors the status it has', () => {
    const rows = [...page.matchAll(/^\| ([\d, ]+) \| (.*) \| .* \|$/gm)];
    expect(rows.length).to.be.greaterThan(8);
    for (const [, statuses = '', cell = ''] of rows)
      for (const [, code = ''] of cell.matchAll(/`(ERR_[A-Z_]+)`/g)) {
        if (statuses === '503' || statuses === '500') continue;
        expect(statuses.split(', '), code).to.include(
          String(statusOf(new SallyportError(code, 'x', { expose: true }))),
        );
      }
  });
});
