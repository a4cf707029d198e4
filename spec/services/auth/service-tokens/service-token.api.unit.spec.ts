import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { type AppState, newId } from '#libs/contracts';
import { isSallyportError } from '#libs/errors';
import type { EventStore } from '#libs/events';
import {
  judgeServiceToken,
  readServiceToken,
} from '../../../../services/auth/src/service-tokens/judge-service-token.ts';
import {
  handleChangeServiceToken,
  MAX_SERVICE_TOKENS,
  type ServiceTokensContext,
} from '../../../../services/auth/src/service-tokens/service-token.api.ts';
import { type PeopleWorld, startPeopleWorld } from '../support/people-world.ts';

const DAY_MS = 86_400_000;
type Request = Parameters<typeof handleChangeServiceToken>[1];

describe('commands on service tokens', () => {
  let world: PeopleWorld;
  let losesAcknowledgements: boolean;
  let nowMs: number;
  let published: Set<string>;
  beforeEach(async () => {
    world = await startPeopleWorld();
    losesAcknowledgements = false;
    nowMs = Date.now();
    published = new Set(['app_a', 'app_b']);
  });
  afterEach(() => world.stop());

  const change = (command: Request['command'], more: Partial<Request> = {}) => {
    const { live, tenant, store } = world;
    const context: ServiceTokensContext = {
      tenant,
      store: forgetful(store, () => losesAcknowledgements),
      live: {
        app: async (id) => ({ revision: 1, state: { status: published.has(id) ? 'published' : 'absent' } as AppState }),
        serviceToken: (id) => live.serviceToken(id),
        serviceTokens: () => live.serviceTokens(),
        waitFor: (...given) => live.waitFor(...given),
      },
      nowMs: () => nowMs,
    };
    const actor = { kind: 'local-operator', id: 'local-operator' } as const;
    return handleChangeServiceToken(context, {
      commandId: newId('cmd'),
      actor,
      correlationId: 'req_1',
      command,
      ...more,
    });
  };
  const issue = (name = 'ci', appIds = ['app_a'], lifetimeDays = 1) =>
    change({ type: 'IssueServiceToken', name, appIds, lifetimeDays });
  const rotate = (id: string, more: Partial<Request> = {}) => change({ type: 'RotateServiceToken', id }, more);
  const judge = async (token: string | null) => {
    const presented = readServiceToken(token ?? '');
    if (presented === undefined) return 'no token';
    const { state } = await world.live.serviceToken(presented.id);
    const judged = judgeServiceToken(state, presented, { appId: 'app_a', nowMs });
    return judged.status === 'accepted' ? 'accepted' : judged.reason;
  };
  const codeOf = async (work: Promise<unknown>) => {
    const error = await work.then(
      () => undefined,
      (caught: unknown) => caught,
    );
    return isSallyportError(error) ? error.code : error;
  };

  it('tell the secret they made though the acknowledgement of its record got lost', async () => {
    losesAcknowledgements = true;
    const issued = await issue();
    expect(await judge(issued.token)).to.equal('accepted');
    const rotated = await rotate(issued.serviceToken.id);
    expect([await judge(rotated.token), await judge(issued.token)]).to.deep.equal(['accepted', 'accepted']);
  });

  it('do not cut off what runs on a token whose next secret never arrived', async () => {
    const { token, serviceToken } = await issue();
    const commandId = newId('cmd');
    await rotate(serviceToken.id, { commandId });
    expect((await rotate(serviceToken.id, { commandId })).token).to.equal(null);
    const again = await rotate(serviceToken.id);
    expect([await judge(token), await judge(again.token)]).to.deep.equal(['accepted', 'accepted']);
  });

  it('are refused on another revision than the one that was read', async () => {
    const { serviceToken } = await issue();
    const expectedRevision = serviceToken.revision;
    const rotated = await rotate(serviceToken.id, { expectedRevision });
    expect(rotated.serviceToken.revision).to.be.greaterThan(expectedRevision);
    expect(await codeOf(rotate(serviceToken.id, { expectedRevision }))).to.equal('ERR_EVENTS_STALE_REVISION');
  });

  it('make one count again only where it could be issued anew', async () => {
    const old = await issue('ci');
    nowMs += 2 * DAY_MS;
    await issue('CI');
    expect(await codeOf(rotate(old.serviceToken.id))).to.equal('ERR_SERVICE_TOKEN_NAME');
    nowMs += 2 * DAY_MS;
    expect(await judge((await rotate(old.serviceToken.id)).token)).to.equal('accepted');
  });

  it('make no more count again than may be issued', async () => {
    const old = await issue('old');
    nowMs += 2 * DAY_MS;
    for (let index = 0; index < MAX_SERVICE_TOKENS; index += 1) await issue(`t${index}`, ['app_a'], 7);
    expect(await codeOf(issue('one more'))).to.equal('ERR_SERVICE_TOKEN_TOO_MANY');
    expect(await codeOf(rotate(old.serviceToken.id))).to.equal('ERR_SERVICE_TOKEN_TOO_MANY');
  });

  it('renew nothing that opens nothing', async () => {
    const { serviceToken } = await issue('ci', ['app_a', 'app_b']);
    published.delete('app_a');
    await rotate(serviceToken.id);
    published.delete('app_b');
    expect(await codeOf(rotate(serviceToken.id))).to.equal('ERR_SERVICE_TOKEN_APP');
  });
});

/** A store that says of each commit that it was there before, as after an acknowledgement that got lost and a second attempt. */
function forgetful(store: EventStore, isForgetful: () => boolean): EventStore {
  return {
    load: (ref) => store.load(ref),
    append: async (...given) => {
      const outcome = await store.append(...given);
      return isForgetful() && outcome.status === 'appended'
        ? { status: 'duplicate', revision: outcome.revision }
        : outcome;
    },
    read: (options) => store.read(options),
    follow: (options) => store.follow(options),
    head: () => store.head(),
  };
}
