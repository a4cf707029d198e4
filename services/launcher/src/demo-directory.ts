/** Role template id of Entra ID, the same in every directory. */
const GLOBAL_ADMINISTRATOR = '62e90394-69f5-4237-9190-012177145e10';

export type DemoUser = {
  readonly username: string;
  readonly password: string;
  readonly name: string;
  readonly oid: string;
  readonly groups: readonly string[];
  readonly directoryRoles: readonly string[];
  readonly roles: readonly string[];
};

const EVERYONE = 'a1a1a1a1-0000-4000-8000-000000000001';

/** People, clients and groups of the development directory. Fixed ids: what was assigned yesterday stays assigned. */
export const demoDirectory = {
  tenantId: '7f3a1c9e-5a0b-4c0e-9d52-0d6a3b1c2e4f',
  clientIds: {
    web: '11111111-1111-4111-8111-111111111111',
    api: '22222222-2222-4222-8222-222222222222',
    cli: '33333333-3333-4333-8333-333333333333',
  },
  users: [
    {
      username: 'alice',
      password: 'alice',
      name: 'Alice Admin',
      oid: 'b2b2b2b2-0000-4000-8000-000000000001',
      groups: [EVERYONE],
      directoryRoles: [GLOBAL_ADMINISTRATOR],
      roles: [],
    },
    {
      username: 'bob',
      password: 'bob',
      name: 'Bob Employee',
      oid: 'b2b2b2b2-0000-4000-8000-000000000002',
      groups: [EVERYONE],
      directoryRoles: [],
      roles: [],
    },
    {
      username: 'carol',
      password: 'carol',
      name: 'Carol Employee',
      oid: 'b2b2b2b2-0000-4000-8000-000000000003',
      groups: [EVERYONE],
      directoryRoles: [],
      roles: [],
    },
  ] as readonly DemoUser[],
  /** Who may open the sample dumper from the start; the others show what a refusal looks like. */
  sampleUsernames: ['alice', 'bob'] as readonly string[],
} as const;
