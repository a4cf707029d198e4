import {
  type AppFact,
  type AppState,
  evolveApp,
  initialAppState,
  PORTAL_APP_ID,
  type PublishAppInput,
} from '#libs/contracts';
import { SallyportError } from '#libs/errors';
import type { Decider } from '#libs/events';
import { appAbsent, tooMany } from '../errors.ts';
import { MAX_ASSIGNMENTS_PER_APP, MAX_ASSIGNMENTS_PER_COMMAND } from '../limits.ts';
import { changedFacts } from './app-changes.ts';
import { type AppChanges, completeSettings, normalizeChanges } from './app-settings.ts';
import type { ExternalUrlPolicy } from './app-urls.ts';

type Members = {
  readonly userIds: readonly string[];
  readonly groupIds: readonly string[];
  /** Values of app roles. Default: none. */
  readonly roles?: readonly string[] | undefined;
};

/** The commands of an app with the policy of the deployment; whether the external URL is free is decided by its claim. */
export type DecideAppCommand = { readonly appId: string } & (
  | { readonly type: 'PublishApp'; readonly settings: PublishAppInput; readonly policy: ExternalUrlPolicy }
  | { readonly type: 'ChangeApp'; readonly changes: AppChanges; readonly policy: ExternalUrlPolicy }
  | { readonly type: 'RetireApp' }
  | ({ readonly type: 'AssignToApp' } & Members)
  | ({ readonly type: 'UnassignFromApp' } & Members)
);

type Published = Extract<AppState, { status: 'published' }>;

/**
 * Errors: ERR_ROUTING_ID, ERR_APP_EXISTS, ERR_APP_ABSENT, ERR_APP_RETIRED, ERR_APP_NAME, ERR_APP_URL,
 * ERR_APP_HOSTS, ERR_APP_TIMEOUT, ERR_APP_CORS, ERR_APP_SETTING, ERR_APP_ASSIGNMENT, ERR_APP_TOO_MANY_ASSIGNMENTS. Nothing new: no facts.
 */
export function decideApp(command: DecideAppCommand, state: AppState): readonly AppFact[] {
  switch (command.type) {
    case 'PublishApp':
      requireOwnId(command.appId);
      requireAbsent(command.appId, state);
      return [{ type: 'AppPublished', data: completeSettings(command.settings, command.policy) }];
    case 'ChangeApp':
      return changedFacts(normalizeChanges(command.changes, command.policy), requirePublished(command.appId, state));
    case 'RetireApp':
      if (state.status === 'retired') return [];
      requirePublished(command.appId, state);
      return [{ type: 'AppRetired', data: {} }];
    case 'AssignToApp':
      return assign(command, requirePublished(command.appId, state));
    case 'UnassignFromApp':
      return unassign(command, requirePublished(command.appId, state));
    default:
      return command satisfies never;
  }
}

export const appDecider: Decider<DecideAppCommand, AppFact, AppState> = {
  initialState: initialAppState,
  evolve: evolveApp,
  decide: decideApp,
};

/** `portal` is what access decisions call the portal, open to every signed-in user; `tenant` a limit's scope. */
const RESERVED_IDS: ReadonlySet<string> = new Set([PORTAL_APP_ID, 'tenant']);

function requireOwnId(appId: string): void {
  if (!RESERVED_IDS.has(appId)) return;
  throw new SallyportError('ERR_ROUTING_ID', `id ${JSON.stringify(appId)} belongs to Sallyport itself: use another`, {
    expose: true,
    details: { field: 'id', appId },
  });
}

function requireAbsent(appId: string, state: AppState): void {
  if (state.status === 'absent') return;
  throw new SallyportError(
    'ERR_APP_EXISTS',
    `app ${JSON.stringify(appId)} exists already: change it, or use a new id`,
    {
      expose: true,
      details: { appId, status: state.status },
    },
  );
}

function requirePublished(appId: string, state: AppState): Published {
  if (state.status === 'published') return state;
  if (state.status === 'absent') throw appAbsent(appId);
  throw new SallyportError('ERR_APP_RETIRED', `app ${JSON.stringify(appId)} is retired: publish a new one`, {
    expose: true,
    details: { appId },
  });
}

function assign(command: Members, app: Published): readonly AppFact[] {
  requireMembers(command);
  const userIds = newOf(command.userIds, app.users);
  const groupIds = newOf(command.groupIds, app.groups);
  const roles = newOf(command.roles ?? [], app.roles);
  const present = app.users.length + app.groups.length + app.roles.length;
  if (present + userIds.length + groupIds.length + roles.length > MAX_ASSIGNMENTS_PER_APP)
    throw tooMany(
      'ERR_APP_TOO_MANY_ASSIGNMENTS',
      'users, groups and app roles can be assigned to one app',
      MAX_ASSIGNMENTS_PER_APP,
      'assign a group in place of its members',
    );
  return [
    ...userIds.map((userId): AppFact => ({ type: 'AppUserAssigned', data: { userId } })),
    ...groupIds.map((groupId): AppFact => ({ type: 'AppGroupAssigned', data: { groupId } })),
    ...roles.map((role): AppFact => ({ type: 'AppRoleAssigned', data: { role } })),
  ];
}

function unassign(command: Members, app: Published): readonly AppFact[] {
  requireMembers(command);
  const userIds = unique(command.userIds).filter((id) => app.users.includes(id));
  const groupIds = unique(command.groupIds).filter((id) => app.groups.includes(id));
  const roles = unique(command.roles ?? []).filter((role) => app.roles.includes(role));
  return [
    ...userIds.map((userId): AppFact => ({ type: 'AppUserUnassigned', data: { userId } })),
    ...groupIds.map((groupId): AppFact => ({ type: 'AppGroupUnassigned', data: { groupId } })),
    ...roles.map((role): AppFact => ({ type: 'AppRoleUnassigned', data: { role } })),
  ];
}

function requireMembers(command: Members): void {
  const ids = [...command.userIds, ...command.groupIds, ...(command.roles ?? [])];
  if (ids.length > MAX_ASSIGNMENTS_PER_COMMAND)
    throw tooMany(
      'ERR_APP_TOO_MANY_ASSIGNMENTS',
      'users, groups and app roles in one command',
      MAX_ASSIGNMENTS_PER_COMMAND,
      'send several commands',
    );
  const bad = ids.find((id) => id === '' || id.length > 128 || /[\p{Cc}\s]/u.test(id));
  if (bad === undefined) return;
  throw new SallyportError(
    'ERR_APP_ASSIGNMENT',
    `${JSON.stringify(bad.slice(0, 128))} is not a directory id: expected 1 to 128 characters without white space, such as the object id of a user or group, or the value of an app role`,
    { expose: true, details: { field: 'userIds, groupIds or roles' } },
  );
}

function newOf(ids: readonly string[], present: readonly string[]): readonly string[] {
  return unique(ids).filter((id) => !present.includes(id));
}

function unique(ids: readonly string[]): readonly string[] {
  return [...new Set(ids)];
}
