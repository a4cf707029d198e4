import { z } from 'zod';
import type { Sealer, SealPurpose } from '../sealing/sealer.ts';

const text = z.string().max(8192);
const origin = z.object({
  appId: text,
  returnUrl: text,
  suffix: text,
  hash: text,
  /** Where the browser was that began, on the app's host. Absent in what an earlier version sealed. */
  address: text.optional(),
});
const challenge = z.object({
  contexts: z.array(z.string().min(1).max(16)).max(99),
  maxAgeMinutes: z.number().int().min(0).optional(),
  askedAtMs: z.number().optional(),
});
/** With what a policy asks this sign-in to bring, if any. */
const begin = origin.extend({ challenge: challenge.optional() });

/** What each kind of sealed text holds. Checked again after opening: an older version may have sealed it. */
const values = {
  /** From the app's host to the sign-in host. */
  begin,
  /** From the departure to the identity provider until the return. */
  transaction: z.object({
    begin,
    state: text,
    nonce: text,
    codeVerifier: text,
    startedAtMs: z.number(),
    /** The person was asked to sign in anew. Absent in what an earlier version sealed. */
    isFresh: z.boolean().default(false),
    /** Of whom the answer must come. Absent in what an earlier version sealed: there was one provider. */
    issuer: text.optional(),
  }),
  /** From the sign-in host back to the app's host, once. */
  ticket: origin.extend({ sessionId: text, ticketId: text }),
  session: z.object({ sessionId: text }),
  access: z.object({ sessionId: text, appId: text }),
  /** In the forms of the portal page. */
  'portal-form': z.object({ sessionId: text }),
  /** In the facts of a session. */
  'refresh-token': z.object({ token: text }),
  /** In the settings of an app. */
  'origin-secret': z.union([
    /** UTF-8 in base64url: as long as it has bytes, whatever signs JSON would escape. */
    z.object({ bytes: text }),
    /** What an earlier version sealed. */
    z.object({ secret: text }),
  ]),
} as const satisfies Record<SealPurpose, z.ZodType>;

type Values = { readonly [P in SealPurpose]: z.infer<(typeof values)[P]> };
export type Begin = Values['begin'];

export type TypedSealer = {
  seal<P extends SealPurpose>(purpose: P, value: Values[P], ttlSeconds: number): Promise<string>;
  /** null: missing, tampered, of another purpose, expired. */
  open<P extends SealPurpose>(purpose: P, text: string | undefined): Promise<Values[P] | null>;
};

export function typeSealer(sealer: Sealer): TypedSealer {
  return {
    seal: (purpose, value, ttlSeconds) => sealer.seal(purpose, value, ttlSeconds),
    open: async <P extends SealPurpose>(purpose: P, sealed: string | undefined) => {
      const opened = sealed === undefined ? null : await sealer.open(purpose, sealed);
      if (opened === null) return null;
      const parsed = values[purpose].safeParse(opened.value);
      return parsed.success ? (parsed.data as Values[P]) : null;
    },
  };
}
