import { z } from 'zod';
import { policySet } from '#libs/contracts';
import type { Command } from '../command.ts';
import { printable } from '../output/table.ts';
import type { Api } from '../system/api-client.ts';
import { placesOf } from './describe-policy.ts';
import { pick } from './resources.ts';

const removed = z.object({ id: z.string(), removed: z.literal(true) });
const details = '<location> is an id or a name. Locations are added and changed with `sallyport policies apply`.';

export const locationCommands: readonly Command[] = [
  {
    name: 'locations list',
    summary: 'List named locations and the policies that use them',
    run: async ({ api: connect, out }) => {
      const { revision, policies, locations } = await (await connect()).call(policySet.reply, 'GET', 'policy-set');
      out.result({ revision, locations }, () => {
        const rows = locations.map(({ version, location }) => {
          const users = policies.filter(({ policy: { conditions } }) => {
            const { include = [], exclude = [] } = conditions.locations ?? {};
            return [...include, ...exclude].some((one) => one === location.id);
          });
          return [
            location.name,
            location.isTrusted ? 'trusted' : '-',
            placesOf(location),
            users.map(({ policy }) => policy.name).join(', ') || '-',
            String(version),
            location.id,
          ];
        });
        const whenEmpty = 'no locations: `sallyport policies apply <file>` adds some';
        return out.table(['name', 'trust', 'where', 'used by', 'version', 'id'], rows, whenEmpty);
      });
      return undefined;
    },
  },
  {
    name: 'locations show',
    summary: 'Show one named location in full',
    details,
    positionals: [{ name: 'location' }],
    run: async ({ api: connect, args, out }) => {
      const { version, location } = await resolveLocation(await connect(), args.required('location'));
      const rows = [
        ['name', location.name],
        ['id', location.id],
        ['trusted', location.isTrusted ? 'yes' : 'no'],
        ...location.ranges.map((range) => ['range', range]),
        ['countries', location.countries.join(', ') || 'none'],
        ['version', String(version)],
      ];
      out.result({ version, location }, () => out.table(['setting', 'value'], rows, ''));
      return undefined;
    },
  },
  {
    name: 'locations remove',
    summary: 'Remove a named location that no policy uses',
    details,
    positionals: [{ name: 'location' }],
    options: { force: { type: 'boolean', summary: 'also when no administrator could open the portal any more' } },
    run: async ({ api: connect, args, out }) => {
      const api = await connect();
      const { version, location } = await resolveLocation(api, args.required('location'));
      const path = `locations/${encodeURIComponent(location.id)}`;
      const query = args.has('force') ? { force: true } : {};
      const gone = await api.call(removed, 'DELETE', path, { revision: version, query });
      out.result(gone, () => `location ${printable(location.name)} is removed\n`);
      return undefined;
    },
  },
];

/** By id or name. Errors: ERR_CLI_ABSENT, ERR_CLI_AMBIGUOUS. */
async function resolveLocation(api: Api, text: string) {
  const { locations } = await api.call(policySet.reply, 'GET', 'policy-set');
  const meant = locations
    .map((one) => ({ ...one, id: one.location.id }))
    .filter(({ id, location }) => id === text || location.name.toLowerCase() === text.toLowerCase());
  return pick('location', text, meant, 'sallyport locations list');
}
