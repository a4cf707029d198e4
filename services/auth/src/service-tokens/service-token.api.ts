import type { NatsConnection } from 'nats';
import type { z } from 'zod';
import {
  changeServiceToken,
  type ServiceTokenState,
  type ServiceTokenView,
  serviceTokenAggregate,
  serviceTokens,
} from '#libs/contracts';
import { type EventStore, handleCommand, isSubjectToken } from '#libs/events';
import { serveEndpoint } from '#libs/messaging';
import type { Logger } from '#libs/telemetry';
import { commandMetadata } from '../recording.ts';
import type { LiveState } from '../user-session/live-state.ts';
import { makeSecret, serviceTokenIdOf } from './make-service-token.ts';
import {
  absentServiceToken,
  type ServiceTokenCommand,
  serviceTokenDecider,
  serviceTokenError,
} from './service-token.decide.ts';

/** Service tokens that count at once; another one is refused until one is revoked or has expired. */
export const MAX_SERVICE_TOKENS = 200;
/** Told in one answer: those that count first, then the newest of the others. */
const MAX_LISTED = 250;
/** Milliseconds: an admin who lists tokens sees what was just written. */
const VIEW_DEADLINE_MS = 2_000;

export type ServiceTokensContext = {
  readonly store: EventStore;
  readonly tenant: string;
  readonly live: Pick<LiveState, 'app' | 'serviceToken' | 'serviceTokens' | 'waitFor'>;
  readonly nowMs: () => number;
};
type Change = z.infer<typeof changeServiceToken.request>;
type Issued = Exclude<ServiceTokenState, { status: 'absent' }>;

export function serveServiceTokens(
  nc: NatsConnection,
  context: ServiceTokensContext,
  logger: Logger,
): readonly { drain(): Promise<void> }[] {
  const options = { queue: 'auth', logger };
  const { tenant } = context;
  return [
    serveEndpoint(nc, tenant, changeServiceToken, (r) => handleChangeServiceToken(context, r), options),
    serveEndpoint(nc, tenant, serviceTokens, (r) => queryServiceTokens(context, r), options),
  ];
}

/**
 * The token stands in the answer to the attempt whose secret was recorded, and nowhere else: the same command sent again is answered with
 * null. What was recorded is told by the facts, not by how the store answered: its acknowledgement may get lost. Errors: those of the
 * decider, ERR_SERVICE_TOKEN_APP, ERR_SERVICE_TOKEN_NAME, ERR_SERVICE_TOKEN_TOO_MANY, those of `handleCommand`.
 */
export async function handleChangeServiceToken(
  context: ServiceTokensContext,
  request: Change,
): Promise<z.infer<typeof changeServiceToken.reply>> {
  const { store, tenant, live, nowMs } = context;
  const { command, commandId, expectedRevision } = request;
  const id = command.type === 'IssueServiceToken' ? serviceTokenIdOf(commandId) : command.id;
  if (!isSubjectToken(id)) throw absentServiceToken();
  await requireFit(context, id, command);
  const { tokenOf, secretHash } = makeSecret();
  const metadata = commandMetadata(request, nowMs());
  const ref = { tenant, type: serviceTokenAggregate, id };
  const made = commandOf(command, { secretHash, nowMs: nowMs() });
  const expected = expectedRevision === undefined ? {} : { expectedRevision };
  const { state, revision } = await handleCommand(store, serviceTokenDecider, ref, made, metadata, expected);
  if (state.status === 'absent') throw absentServiceToken();
  await live.waitFor(revision, VIEW_DEADLINE_MS);
  const isRecorded = 'secretHash' in made && state.secrets[0]?.secretHash === made.secretHash;
  const token = isRecorded ? tokenOf(id) : null;
  return { serviceToken: viewOf(id, { state, revision }, nowMs()), token };
}

function commandOf(command: Change['command'], made: { secretHash: string; nowMs: number }): ServiceTokenCommand {
  switch (command.type) {
    case 'IssueServiceToken':
    case 'RotateServiceToken':
      return { ...command, ...made };
    case 'ChangeServiceTokenApps':
    case 'RevokeServiceToken':
      return command;
    default:
      return command satisfies never;
  }
}

export async function queryServiceTokens(
  { live, nowMs }: Pick<ServiceTokensContext, 'live' | 'nowMs'>,
  { id, appId }: z.infer<typeof serviceTokens.request>,
): Promise<z.infer<typeof serviceTokens.reply>> {
  const now = nowMs();
  const views: ServiceTokenView[] = [];
  for (const known of live
    .serviceTokens()
    .map(([one]) => one)
    .reverse()) {
    const found = await live.serviceToken(known);
    const { state } = found;
    if (state.status === 'absent' || (id !== undefined && known !== id)) continue;
    if (appId === undefined || state.appIds.includes(appId)) views.push(viewOf(known, { ...found, state }, now));
  }
  const isActive = ({ status }: ServiceTokenView) => status === 'active';
  const sorted = [...views.filter(isActive), ...views.filter((view) => !isActive(view))];
  return { serviceTokens: sorted.slice(0, MAX_LISTED) };
}

/** What must hold where a token begins to count: issued, or rotated after its end. One that is rotated must open something. */
async function requireFit(context: ServiceTokensContext, id: string, command: Change['command']): Promise<void> {
  if (command.type === 'IssueServiceToken') requireRoom(context, id, command.name);
  if ('appIds' in command) await requireApps(context, command.appIds);
  if (command.type !== 'RotateServiceToken') return;
  const { state } = await context.live.serviceToken(id);
  if (state.status !== 'active') return;
  const { name, expiresAt } = state;
  if (Date.parse(expiresAt) <= context.nowMs()) requireRoom(context, id, name);
  await requireAnyApp(context, state);
}

/** Of what this instance knows; two that come at the same instant may both get through, which harms nothing. */
function requireRoom({ live, nowMs }: ServiceTokensContext, id: string, name: string): void {
  const others = live.serviceTokens().filter(([other, state]) => other !== id && isActive(state, nowMs()));
  if (others.length >= MAX_SERVICE_TOKENS)
    throw serviceTokenError(
      'ERR_SERVICE_TOKEN_TOO_MANY',
      `there are ${others.length} service tokens already, at most ${MAX_SERVICE_TOKENS} count at once: revoke some first`,
    );
  const wanted = name.toLowerCase();
  if (others.some(([, state]) => state.status !== 'absent' && state.name.toLowerCase() === wanted))
    throw serviceTokenError(
      'ERR_SERVICE_TOKEN_NAME',
      `there is a service token ${JSON.stringify(name)} already: rotate it, or choose another name`,
    );
}

async function requireApps({ live }: ServiceTokensContext, appIds: readonly string[]): Promise<void> {
  for (const appId of appIds) {
    const isPublished = isSubjectToken(appId) && (await live.app(appId)).state.status === 'published';
    if (!isPublished)
      throw serviceTokenError('ERR_SERVICE_TOKEN_APP', `there is no published app ${JSON.stringify(appId)}`);
  }
}

async function requireAnyApp({ live }: ServiceTokensContext, { name, appIds }: Issued): Promise<void> {
  for (const appId of appIds) if ((await live.app(appId)).state.status === 'published') return;
  throw serviceTokenError(
    'ERR_SERVICE_TOKEN_APP',
    `none of the apps of service token ${JSON.stringify(name)} is published any more: change its apps first, or issue another one`,
  );
}

function isActive(state: ServiceTokenState, nowMs: number): state is Issued {
  return state.status === 'active' && Date.parse(state.expiresAt) > nowMs;
}

function viewOf(
  id: string,
  { state, revision }: { readonly state: Issued; readonly revision: number },
  nowMs: number,
): ServiceTokenView {
  const { name, appIds, expiresAt, secrets } = state;
  const status = state.status === 'revoked' ? 'revoked' : isActive(state, nowMs) ? 'active' : 'expired';
  const previous = secrets[1]?.expiresAt;
  const isPreviousGood = status === 'active' && previous !== undefined && Date.parse(previous) > nowMs;
  return {
    id,
    revision,
    name,
    status,
    appIds: [...appIds],
    expiresAt,
    previousUntil: isPreviousGood ? previous : null,
  };
}
