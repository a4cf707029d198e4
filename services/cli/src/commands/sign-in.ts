import { MANAGE_SCOPE, REGISTER_SCOPE } from '#libs/contracts';
import type { Command, CommandContext } from '../command.ts';
import { refused } from '../errors.ts';
import type { Connection } from '../system/connection.ts';
import { signIn } from '../system/sign-in.ts';
import { cacheKey, findToken, readCachedToken, tokenFilePath, writeCachedToken } from '../system/tokens.ts';
import { readChoice } from './setting-values.ts';

const PURPOSES = ['manage', 'register'] as const;
const purpose = {
  type: 'string',
  value: PURPOSES.join('|'),
  summary: 'to manage Sallyport (default), or to register a connector',
} as const;

export const signInCommands: readonly Command[] = [
  {
    name: 'login',
    summary: 'Sign in with the browser and keep the token for the next commands',
    details:
      'Not needed on the machine that runs Sallyport: there the local operator key signs. The token is kept in\n~/.config/sallyport/tokens.json, readable by you alone, until it expires.',
    options: { for: purpose },
    run: async (context) => {
      const connection = await context.connection();
      const scope = scopeFor(connection, readChoice(context.args, 'for', PURPOSES) ?? 'manage');
      const token = await signIn(context.host, connection, scope);
      await writeCachedToken(context.host, cacheKey(connection, scope), token);
      const file = tokenFilePath(context.host);
      context.out.result({ expiresAt: token.expiresAt, file }, () => `signed in until ${token.expiresAt}\n`);
      return undefined;
    },
  },
  {
    name: 'token',
    summary: 'Print an access token for the API, signing in first when there is none',
    details: `Example:\n  curl --cacert .sallyport/pki/root.pem -H "Authorization: Bearer $(sallyport token)" https://localhost:8446/v1/apps`,
    options: { for: purpose },
    run: async (context) => {
      const isRegister = readChoice(context.args, 'for', PURPOSES) === 'register';
      const token = isRegister ? await registerToken(context) : await manageToken(context);
      context.out.result({ token }, () => `${token}\n`);
      return undefined;
    },
  },
];

async function manageToken({ host, args, connection: find }: CommandContext): Promise<string> {
  return findToken(host, await find(), args.text('token'));
}

/** Registration wants the token of a person: the local operator's is not for it. */
async function registerToken({ host, connection: find }: CommandContext): Promise<string> {
  const connection = await find();
  const scope = scopeFor(connection, 'register');
  const key = cacheKey(connection, scope);
  const cached = await readCachedToken(host, key);
  if (cached !== undefined) return cached.token;
  const token = await signIn(host, connection, scope);
  await writeCachedToken(host, key, token);
  return token.token;
}

function scopeFor({ scope }: Connection, wanted: (typeof PURPOSES)[number]): string {
  if (scope === undefined)
    throw refused('ERR_CLI_SIGN_IN', 'the scope is not known: name the system with --data-dir, or pass --token');
  const name = wanted === 'register' ? REGISTER_SCOPE : MANAGE_SCOPE;
  return scope.replace(/[^/]+$/, name);
}
