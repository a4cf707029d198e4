/** Role template id of Entra ID, the same in every directory. */
const GLOBAL_ADMINISTRATOR = '62e90394-69f5-4237-9190-012177145e10';

/**
 * Directory, clients and people of `npm start`: what the development identity provider serves and the launcher announces. Fixed
 * ids: apps assigned yesterday stay assigned. Known to everybody, never a default of anything else.
 */
export const demoDirectory = {
  tenantId: '7f3a1c9e-5a0b-4c0e-9d52-0d6a3b1c2e4f',
  clientIds: {
    web: '11111111-1111-4111-8111-111111111111',
    api: '22222222-2222-4222-8222-222222222222',
    cli: '33333333-3333-4333-8333-333333333333',
  },
  /** Registration of an app that takes access tokens, `api://<client id>`. */
  apis: [{ clientId: '44444444-4444-4444-8444-444444444444', scopes: ['user_impersonation'] }],
  /** A program on its own behalf (client credentials), with the app roles it was granted, by API. */
  daemons: [
    {
      clientId: '55555555-5555-4555-8555-555555555555',
      clientSecret: 'development-daemon-secret',
      oid: 'b2b2b2b2-0000-4000-8000-0000000000d1',
      roles: { '44444444-4444-4444-8444-444444444444': ['Task.Run'] },
    },
  ],
  groups: {
    everyone: 'a1a1a1a1-0000-4000-8000-000000000001',
    administrators: 'a1a1a1a1-0000-4000-8000-000000000002',
    engineering: 'a1a1a1a1-0000-4000-8000-000000000003',
  },
  users: [
    {
      username: 'alice',
      password: 'alice',
      name: 'Alice Admin',
      oid: 'b2b2b2b2-0000-4000-8000-000000000001',
      groups: ['a1a1a1a1-0000-4000-8000-000000000001', 'a1a1a1a1-0000-4000-8000-000000000002'],
      directoryRoles: [GLOBAL_ADMINISTRATOR],
      roles: [],
      claims: { department: 'IT' },
    },
    {
      username: 'bob',
      password: 'bob',
      name: 'Bob Employee',
      oid: 'b2b2b2b2-0000-4000-8000-000000000002',
      groups: ['a1a1a1a1-0000-4000-8000-000000000001', 'a1a1a1a1-0000-4000-8000-000000000003'],
      directoryRoles: [],
      roles: [],
      claims: { department: 'Engineering' },
    },
    {
      username: 'carol',
      password: 'carol',
      name: 'Carol Employee',
      oid: 'b2b2b2b2-0000-4000-8000-000000000003',
      groups: ['a1a1a1a1-0000-4000-8000-000000000001'],
      directoryRoles: [],
      roles: [],
      claims: { department: 'Sales' },
    },
  ],
} as const;
