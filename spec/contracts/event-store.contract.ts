import { describe } from 'mocha';
import type { EventStore } from '#libs/events';
import { describeAppend, describeRefusals } from './event-store/append.ts';
import { describeCommands } from './event-store/commands.ts';
import { describeFollow, describeRead } from './event-store/read-and-follow.ts';

/** What every event store must do; `open` gives one that may hold other commits already and knows `counterAggregate`. */
export function eventStoreContract(name: string, open: () => EventStore): void {
  describe(`event store contract: ${name}`, () => {
    describeAppend(open);
    describeRefusals(open);
    describeRead(open);
    describeFollow(open);
    describeCommands(open);
  });
}
