import { InMemoryEventStore } from '#libs/events';
import { eventStoreContract } from '../../contracts/event-store.contract.ts';

eventStoreContract('in memory', () => new InMemoryEventStore());
