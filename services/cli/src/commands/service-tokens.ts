import type { z } from 'zod';
import { changeServiceToken, type ServiceTokenView, serviceTokens } from '#libs/contracts';
import type { Arguments, Command, CommandContext } from '../command.ts';
import { usageError } from '../errors.ts';
import { printable } from '../output/table.ts';
import type { Api } from '../system/api-client.ts';
import { listApps, pick, resolveApp } from './resources.ts';

type Changed = z.infer<typeof changeServiceToken.reply>;

const TOKEN = [{ name: 'token' }] as const;
const APPS = { name: 'app', isRepeated: true } as const;
const WHICH = '<token> is the id (stk_…) or the name of a service token, never the token itself.';
const DAYS = { type: 'string', value: 'days', summary: 'until it expires, 1 to 366 (default 90)' } as const;
const SHOWN_ONCE =
  'The token is shown this once and cannot be shown again. Whoever has it opens these apps: keep it as you keep a password.';

export const serviceTokenCommands: readonly Command[] = [
  {
    name: 'service-tokens list',
    summary: 'List service tokens that count: which apps they open, and until when',
    options: {
      app: { type: 'string', value: 'app', summary: 'those that open this app: name or id' },
      all: { type: 'boolean', summary: 'with expired and revoked ones' },
    },
    run: async ({ api: connect, args, out }) => {
      const api = await connect();
      const app = args.text('app');
      const found = await listTokens(api, app === undefined ? {} : { appId: (await resolveApp(api, app)).id });
      const shown = args.has('all') ? found : found.filter(({ status }) => status === 'active');
      const names = new Map(out.isJson ? [] : (await listApps(api, true)).map(({ id, name }) => [id, name]));
      out.result({ serviceTokens: shown }, () =>
        out.table(
          ['name', 'status', 'expires', 'secret before until', 'apps', 'id'],
          shown.map((one) => [
            one.name,
            one.status,
            one.expiresAt,
            one.previousUntil ?? '-',
            one.appIds.map((id) => names.get(id) ?? id).join(', '),
            one.id,
          ]),
          'no service tokens: make one with `sallyport service-tokens issue`',
        ),
      );
      return undefined;
    },
  },
  {
    name: 'service-tokens issue',
    summary: 'Issue a service token: a program opens these apps with it, until a day',
    details:
      'The token goes into the header `X-Sallyport-Authorization: Bearer <token>`, or `Authorization` where the app does not need that\nfor itself. It is printed on stdout, and never again.\n\nExample:\n  sallyport service-tokens issue "nightly report" wiki reports --days 30',
    positionals: [{ name: 'name' }, APPS],
    options: { days: DAYS },
    run: async (context) => {
      const { args } = context;
      const api = await context.api();
      const body = { name: args.required('name'), appIds: await appIdsOf(api, args), ...daysOf(args) };
      return showSecret(context, await api.call(changeServiceToken.reply, 'POST', 'service-tokens', { body }));
    },
  },
  {
    name: 'service-tokens rotate',
    summary: 'Give a service token a new secret; the one before stays good for an overlap',
    details: `${WHICH} At most three secrets are good at once, each until the end it was given; an overlap of 0 ends all before.`,
    positionals: TOKEN,
    options: {
      days: DAYS,
      'overlap-hours': { type: 'string', value: 'hours', summary: '0 (the one before ends now) to 168 (default 24)' },
    },
    run: async (context) => {
      const { args } = context;
      const api = await context.api();
      const { id } = await resolveToken(api, args.required('token'));
      const overlapHours = numberOf(args, 'overlap-hours', 0, 168);
      const body = { ...daysOf(args), ...(overlapHours === undefined ? {} : { overlapHours }) };
      const path = `service-tokens/${encodeURIComponent(id)}/rotate`;
      return showSecret(context, await api.call(changeServiceToken.reply, 'POST', path, { body }));
    },
  },
  {
    name: 'service-tokens apps',
    summary: 'Replace the apps that a service token opens',
    details: WHICH,
    positionals: [...TOKEN, APPS],
    run: async (context) => {
      const { args } = context;
      const api = await context.api();
      const { id } = await resolveToken(api, args.required('token'));
      const body = { appIds: await appIdsOf(api, args) };
      const path = `service-tokens/${encodeURIComponent(id)}/apps`;
      const changed = await api.call(changeServiceToken.reply, 'PUT', path, { body });
      return done(context, changed, ({ appIds }) => `opens ${appIds.length === 1 ? '1 app' : `${appIds.length} apps`}`);
    },
  },
  {
    name: 'service-tokens revoke',
    summary: 'Revoke a service token for good: what runs on it is cut',
    details: WHICH,
    positionals: TOKEN,
    options: { reason: { type: 'string', value: 'text', summary: 'kept in the record' } },
    run: async (context) => {
      const api = await context.api();
      const { id } = await resolveToken(api, context.args.required('token'));
      const query = { reason: context.args.text('reason') };
      const path = `service-tokens/${encodeURIComponent(id)}`;
      const changed = await api.call(changeServiceToken.reply, 'DELETE', path, { query });
      return done(context, changed, () => 'is revoked');
    },
  },
];

async function listTokens(api: Api, query: { readonly appId?: string } = {}): Promise<readonly ServiceTokenView[]> {
  return (await api.call(serviceTokens.reply, 'GET', 'service-tokens', { query })).serviceTokens;
}

/** A name of one that counts goes before the same name of one that does not. */
async function resolveToken(api: Api, text: string): Promise<ServiceTokenView> {
  const named = (await listTokens(api)).filter(
    ({ id, name }) => id === text || name.toLowerCase() === text.toLowerCase(),
  );
  const counting = named.filter(({ status }) => status === 'active');
  return pick('service token', text, counting.length > 0 ? counting : named, 'sallyport service-tokens list --all');
}

async function appIdsOf(api: Api, args: Arguments): Promise<readonly string[]> {
  const named = args.rest('app');
  if (named.length === 0) throw usageError('name at least one app that the token opens');
  const apps = await Promise.all(named.map((one) => resolveApp(api, one)));
  return apps.map(({ id }) => id);
}

function daysOf(args: Arguments): { readonly lifetimeDays?: number } {
  const lifetimeDays = numberOf(args, 'days', 1, 366);
  return lifetimeDays === undefined ? {} : { lifetimeDays };
}

function numberOf(args: Arguments, option: string, min: number, max: number): number | undefined {
  const text = args.text(option);
  if (text === undefined) return undefined;
  const value = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw usageError(`--${option} ${JSON.stringify(text)} is no whole number from ${min} to ${max}`);
}

/** The token alone on stdout, so that it can go straight into a file or a vault. */
function showSecret({ out }: CommandContext, changed: Changed): undefined {
  const { serviceToken, token } = changed;
  if (token === null)
    out.note(
      `${printable(serviceToken.name)} (${serviceToken.id}): this was asked before, and its token was shown then. Rotate it to get another one.`,
    );
  else {
    const until =
      serviceToken.previousUntil === null ? '' : `; the secret before is good until ${serviceToken.previousUntil}`;
    out.note(
      `${printable(serviceToken.name)} (${serviceToken.id}) expires at ${serviceToken.expiresAt}${until}\n${SHOWN_ONCE}`,
    );
  }
  out.result(changed, () => (token === null ? '' : `${token}\n`));
  return undefined;
}

function done({ out }: CommandContext, changed: Changed, what: (token: ServiceTokenView) => string): undefined {
  const { serviceToken } = changed;
  out.result(changed, () => `${printable(serviceToken.name)} (${serviceToken.id}) ${what(serviceToken)}\n`);
  return undefined;
}
