import { z } from 'zod';

const listener = z.strictObject({
  /** 0 for any free port. */
  port: z.number().int().min(0).max(65_535),
});

export const sampleAppsConfig = z.strictObject({
  /** Address both listen on. Default `127.0.0.1`: only a connector on this host reaches them. */
  host: z.string().default('127.0.0.1'),
  dumper: listener,
  status: listener,
  assertion: z.strictObject({
    /** Where the public keys of identity assertions are published (JWKS, RFC 7517). */
    keysUrl: z.url({ protocol: /^https?$/ }),
    /** PEM file of the authority behind `keysUrl`; default: those Node.js ships. */
    caFile: z.string().min(1).optional(),
    /** Expected `iss` of an assertion. */
    issuer: z.string().min(1).max(2048),
  }),
});
export type SampleAppsConfig = z.infer<typeof sampleAppsConfig>;
