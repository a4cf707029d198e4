import { expect } from 'chai';
import { describe, it } from 'mocha';
import { Subject } from 'rxjs';
import { type ConnectorFact, connectorAggregate, connectorGroupAggregate, connectorGroupId } from '#libs/contracts';
import type { Commit } from '#libs/events';
import { commitOf } from '#libs/events/testing';
import {
  type AppDirectoryMessage,
  appDirectoryMessages,
} from '../../../services/routing/src/apps/app-directory.feed.ts';
import { configNotices } from '../../../services/routing/src/config/config-notices.ts';
import type { RoutingChange } from '../../../services/routing/src/read-model.ts';
import { routingProjection } from '../../../services/routing/src/routing.projection.ts';
import { TENANT, until } from './support.ts';

const projection = routingProjection(TENANT);

/** Commits go in, changes come out, as the read model makes them. */
function startChanges() {
  const changes$ = new Subject<RoutingChange>();
  const stopped$ = new Subject<void>();
  let view = projection.initial();
  let position = 0;
  return {
    changes$,
    stopped$,
    view: () => view,
    take: (make: (position: number) => Commit) => {
      position += 1;
      const before = view;
      const commit = make(position);
      view = projection.project(before, commit);
      changes$.next({ commit, before, after: view });
    },
  };
}

const connector =
  (id: string, ...facts: ConnectorFact[]) =>
  (position: number) =>
    commitOf({ tenant: TENANT, type: connectorAggregate, id }, facts, { position });
const renamedGroup = (position: number) =>
  commitOf(
    { tenant: TENANT, type: connectorGroupAggregate, id: 'east' },
    [{ type: 'ConnectorGroupRenamed', data: { name: `n${position}` } }],
    { position },
  );
const REGISTERED: ConnectorFact = {
  type: 'ConnectorRegistered',
  data: { name: 'one', machineName: 'h', version: '1', userPublicKey: 'U', certificateThumbprint: 'a'.repeat(64) },
};
const JOINED: ConnectorFact = {
  type: 'ConnectorAssignedToGroup',
  data: { connectorGroupId: connectorGroupId.parse('east') },
};

describe('notices to connectors', () => {
  it('go once per window to each connector concerned, however many facts came', async () => {
    const source = startChanges();
    source.take(connector('con_1', REGISTERED, JOINED));
    source.take(connector('con_2', REGISTERED, JOINED));
    source.take(connector('con_3', REGISTERED));
    const told: string[] = [];
    configNotices(source.changes$, source.view, { stopped$: source.stopped$, windowMs: 20 }).subscribe((id) =>
      told.push(id),
    );
    for (let count = 0; count < 50; count += 1) source.take(renamedGroup);
    await until(() => (told.length >= 2 ? true : undefined));
    expect(told.sort()).to.deep.equal(['con_1', 'con_2']);
    source.take(connector('con_3', { type: 'ConnectorRenamed', data: { name: 'x' } }));
    await until(() => (told.includes('con_3') ? true : undefined));
    source.stopped$.next();
  });
});

describe('app directory feed', () => {
  it('beats with the current position when nothing changes, and ends when stopped', async () => {
    const source = startChanges();
    source.take(connector('con_1', REGISTERED));
    const seen: AppDirectoryMessage[] = [];
    let isDone = false;
    appDirectoryMessages(source.changes$, source.view, { stopped$: source.stopped$, beatMs: 5 }).subscribe({
      next: (message) => seen.push(message),
      complete: () => {
        isDone = true;
      },
    });
    await until(() => (seen.length >= 2 ? true : undefined));
    expect(seen[0]).to.deep.equal({ position: 0, previousPosition: 0, app: null });
    source.stopped$.next();
    expect(isDone).to.equal(true);
  });
});
