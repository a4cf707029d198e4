import { z } from 'zod';
import type { KerberosName } from './kerberos-names.ts';

/** What the connector asks its ticket process; one answer comes for each, in any order. */
export type TicketQuestion = {
  readonly id: number;
  readonly user: KerberosName;
  readonly service: KerberosName;
  readonly mechanism: 'spnego' | 'kerberos';
};

/**
 * Whom a refusal is about: the way to the domain or the connector's own account (`domain`), the delegation to this service
 * (`delegation`), or the user.
 */
const refusedAbout = z.enum(['domain', 'delegation', 'user']);
export type RefusedAbout = z.infer<typeof refusedAbout>;

/** Tickets with many groups have some ten thousand; origins refuse such heads long before. */
const MAX_TOKEN_CHARACTERS = 131_072;
const text = z.string().max(10_000);

const ticketAnswer = z.discriminatedUnion('kind', [
  /** `token`: base64, for one request alone. `keptForMs`: so long another one of the same kind needs no KDC, as it seems. */
  z.object({
    kind: z.literal('token'),
    token: z
      .string()
      .max(MAX_TOKEN_CHARACTERS)
      .regex(/^[A-Za-z0-9+/]+={0,2}$/),
    keptForMs: z.number().min(0),
  }),
  z.object({ kind: z.literal('refused'), about: refusedAbout, text }),
]);
export type TicketAnswer = Readonly<z.infer<typeof ticketAnswer>>;

/** Of the ticket process; the connector checks its shape, for C that went wrong may say anything. */
export const processMessage = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready') }),
  /** It ends; `text` says what is missing on this host. */
  z.object({ kind: z.literal('unusable'), text }),
  z.object({ kind: z.literal('answer'), id: z.number().int(), answer: ticketAnswer }),
]);
export type ProcessMessage = Readonly<z.infer<typeof processMessage>>;
