import { changeLimit, limits } from '#libs/contracts';
import type { Command, CommandContext } from '../command.ts';
import { usageError } from '../errors.ts';
import { printable } from '../output/table.ts';
import { listApps, resolveApp } from './resources.ts';
import { readNumber } from './setting-values.ts';

const TENANT = 'tenant';
const SCOPE = '<scope> is `tenant`, or an app (id, name or external URL).';

export const limitCommands: readonly Command[] = [
  {
    name: 'limits list',
    summary: 'List limits: the defaults and those set or exceeded',
    run: async (context) => {
      const api = await context.api();
      const [found, apps] = await Promise.all([api.call(limits.reply, 'GET', 'limits'), listApps(api)]);
      const nameOf = (scope: string) => apps.find(({ id }) => id === scope)?.name ?? scope;
      const rows = [
        ['every app', String(found.defaults.app), 'default'],
        ['tenant', String(found.defaults.tenant), 'default'],
        ...found.limits.map((one) => [
          nameOf(one.scope),
          String(one.requestsPerSecond),
          one.breached ? 'exceeded now' : 'set',
        ]),
      ];
      context.out.result(found, () => context.out.table(['scope', 'requests/s', 'state'], rows, ''));
      return undefined;
    },
  },
  {
    name: 'limits set',
    summary: 'Set how many requests a second an app or the tenant may get',
    details: SCOPE,
    positionals: [{ name: 'scope' }, { name: 'requests-per-second' }],
    run: async (context) => {
      const requestsPerSecond = readNumber('requests-per-second', context.args.required('requests-per-second'), 1);
      if (requestsPerSecond === undefined) throw usageError('requests-per-second is missing');
      const api = await context.api();
      const path = `limits/${await scopeOf(context)}`;
      return done(context, await api.call(changeLimit.reply, 'PUT', path, { body: { requestsPerSecond } }));
    },
  },
  {
    name: 'limits reset',
    summary: 'Return to the default',
    details: SCOPE,
    positionals: [{ name: 'scope' }],
    run: async (context) => {
      const api = await context.api();
      return done(context, await api.call(changeLimit.reply, 'DELETE', `limits/${await scopeOf(context)}`));
    },
  },
];

async function scopeOf({ api, args }: CommandContext): Promise<string> {
  const scope = args.required('scope');
  return scope === TENANT ? TENANT : (await resolveApp(await api(), scope)).id;
}

function done(
  { out, args }: CommandContext,
  limit: { readonly requestsPerSecond: number; readonly isDefault: boolean },
): undefined {
  const suffix = limit.isDefault ? ' (the default)' : '';
  out.result(
    limit,
    () => `${printable(args.required('scope'))} may get ${limit.requestsPerSecond} requests/s${suffix}\n`,
  );
  return undefined;
}
