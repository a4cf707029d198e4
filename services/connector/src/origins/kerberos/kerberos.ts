import type { AssertionTrust } from '#libs/contracts';
import type { Logger } from '#libs/telemetry';
import { type AuthorizeCall, createAuthorizeCall } from './authorize-call.ts';
import { createAssertionCheck } from './check-assertion.ts';
import { ticketProcessLauncher } from './ticket-process.ts';
import { createTickets, type Tickets } from './tickets.ts';

/** Users signed in at origins by Kerberos constrained delegation (ADR-0013). Nothing runs until an app asks for it. */
export type Kerberos = Pick<Tickets, 'prepare' | 'stop'> & { readonly authorize: AuthorizeCall };

export function createKerberos(options: {
  /** Holds `kerberos.keytab`, perhaps `krb5.conf`. */
  readonly secretsFolder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly trust: () => AssertionTrust | null;
  readonly logger: Logger;
}): Kerberos {
  const tickets = createTickets({ launch: ticketProcessLauncher(options), logger: options.logger });
  const check = createAssertionCheck({ trust: options.trust, nowMs: Date.now });
  return {
    authorize: createAuthorizeCall(check, tickets),
    prepare: () => tickets.prepare(),
    stop: () => tickets.stop(),
  };
}
