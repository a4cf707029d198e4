import { z } from 'zod';
import { token } from '#libs/contracts';
import { brokerAccess } from '#libs/messaging';

const KIB = 1024;
const hostName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/, 'expected a host name in lower case');

/** Bounds of one ingress process. What happens at each is told in README.md, "Limits". */
export const ingressLimits = z.object({
  /** Bytes of one request head. Default 64 KiB; beyond it 431. */
  maxHeaderBytes: z
    .number()
    .int()
    .min(4 * KIB)
    .max(64 * KIB)
    .default(64 * KIB),
  /** Fields of one request head. Default 200; beyond it 431. */
  maxHeaderCount: z.number().int().min(10).max(500).default(200),
  /** Characters of the request target. Default 16 KiB; beyond it 414. */
  maxTargetBytes: z
    .number()
    .int()
    .min(KIB)
    .max(16 * KIB)
    .default(16 * KIB),
  /** Time a user may take to send a request head. Default 10 s; then 408. */
  headerTimeoutMs: z.number().int().min(100).default(10_000),
  /** Idle time of a kept connection. Default 65 s; then it is closed. */
  keepAliveTimeoutMs: z.number().int().min(100).default(65_000),
  /** Time a user may neither send nor take a byte while it is the user's turn. Default 120 s; then the connection is closed. */
  bodyIdleTimeoutMs: z.number().int().min(100).default(120_000),
  /**
   * Bytes a second a request body must come at on average, while this ingress is ready to take them. Default 240; then 408, or
   * the answer is cut. 0 for no limit. Not for WebSockets, gRPC, nor an HTTP/2 request whose answer has begun.
   */
  bodyMinBytesPerSecond: z.number().int().min(0).default(240),
  /** Time a sender may be behind that at first; one that was faster, `bodyIdleTimeoutMs`. Default 10 s. */
  bodyGraceMs: z.number().int().min(100).default(10_000),
  /** Open connections. Default 10,000; more are closed at once. */
  maxConnections: z.number().int().min(1).default(10_000),
  /** Access records not yet stored, with those of running requests. Default 20,000; at the bound requests get 503. */
  maxAccessRecords: z.number().int().min(1).default(20_000),
  /** Cached access decisions. Default 10,000; the least used goes first. */
  maxDecisions: z.number().int().min(1).default(10_000),
  /** Decisions asked of auth at once. Default 400 (auth works on 512); more wait their turn, up to 4,000 for 5 s, then 503. */
  maxPendingDecisions: z.number().int().min(1).default(400),
  /** Time a drain waits for running requests. Default 25 s; then they are cut. */
  drainMs: z.number().int().min(0).default(25_000),
  /** Time start waits for the first app directory. Default 10 s; then it starts without and answers 503 until it comes. */
  directoryWaitMs: z.number().int().min(0).default(10_000),
});
export type IngressLimits = z.infer<typeof ingressLimits>;

export const ingressConfig = z.object({
  broker: brokerAccess,
  credentials: z.object({ backbone: z.string() }),
  /** Address of the listener. Default 127.0.0.1. */
  host: z.string().default('127.0.0.1'),
  /** Port of the listener. Default 8443; 0 picks a free one. */
  port: z.number().int().min(0).max(65_535).default(8443),
  /** PEM files, read again when they change. */
  tls: z.object({ certFile: z.string(), keyFile: z.string() }),
  /** Folder of certificates of custom domains, chosen by host name (ADR-0008). Default none. */
  certificatesDirectory: z.string().min(1).optional(),
  /**
   * ACME server (RFC 8555) that certificates of all exact hosts are ordered from, into `certificatesDirectory`, by
   * TLS-ALPN-01: it must reach this ingress on port 443 of each host. Default none.
   */
  acme: z
    .object({
      /** For example `https://acme-v02.api.letsencrypt.org/directory`. */
      directoryUrl: z.url({ protocol: /^https$/ }),
      /** Addresses the authority may write to. */
      contact: z.array(z.email()).max(10).default([]),
      /** That you agree to the authority's terms of service; there is no default. */
      agreeToTerms: z.literal(true),
      /** PEM of the authority behind the ACME server itself, when it is a private one. */
      caFile: z.string().optional(),
    })
    .optional(),
  domain: hostName,
  /** Default `login.<domain>`. */
  signInHost: hostName.optional(),
  /** Default `portal.<domain>`. */
  portalHost: hostName.optional(),
  /** Port users see, for links this ingress makes. Default: the listener's own port. */
  publicPort: z.number().int().min(1).max(65_535).optional(),
  /** Default: a new random id at every start. */
  ingressId: token.optional(),
  /** Tenants served, each with the credentials of its account. The first one owns the portal and the sign-in host. */
  tenants: z
    .array(z.object({ tenant: token, credsFile: z.string() }))
    .min(1)
    .max(64),
  /** Addresses or CIDR blocks of load balancers whose X-Forwarded-For is believed. Default none. */
  trustedProxies: z.array(z.string().max(64)).max(256).default([]),
  limits: ingressLimits.default(() => ingressLimits.parse({})),
});
export type IngressConfig = z.infer<typeof ingressConfig>;
