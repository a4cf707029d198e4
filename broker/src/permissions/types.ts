/** The accounts by their part; `tenant` is the account of the provisioned tenant. */
export type AccountRole = 'sys' | 'backbone' | 'core' | 'siem' | 'tenant';

export const SERVICE_NAMES = [
  'auth',
  'routing',
  'throttling',
  'certificate-authority',
  'audit',
  'console',
  'ingress',
  'provisioner',
  'siem',
] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];

/** Rights of one service's user in one account. What is not listed is denied; an empty list denies everything. */
export type ServiceUser = {
  readonly account: AccountRole;
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  /** May answer a request it received, once, within a minute, wherever the reply goes. Default false. */
  readonly mayRespond?: boolean;
};

export type ServicePermissions = {
  readonly service: ServiceName;
  readonly users: readonly ServiceUser[];
};

/** Reply subjects of a service's requests, in every account it joins. */
export const inboxPrefix = (service: string) => `_INBOX_${service}`;
export const inbox = (service: string) => `${inboxPrefix(service)}.>`;
