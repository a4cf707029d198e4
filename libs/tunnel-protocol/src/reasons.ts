/** Why a connector declines a request before it touched the origin. Codes stand in REFUSE frames; never renumber. */
export const REFUSE_CODES = {
  draining: 1,
  capacity: 2,
  'unknown-app': 3,
  'stale-configuration': 4,
} as const;
export type RefuseReason = keyof typeof REFUSE_CODES;

/** Why a channel was ended before its time. Codes stand in CANCEL frames; never renumber. */
export const CANCEL_CODES = {
  'user-gone': 1,
  'origin-dns': 2,
  'origin-refused': 3,
  'origin-tls': 4,
  'origin-connect-timeout': 5,
  'origin-unreachable': 6,
  'origin-timeout': 7,
  'origin-aborted': 8,
  'origin-invalid': 9,
  'protocol-violation': 10,
  gap: 11,
  malformed: 12,
  'connector-lost': 13,
  draining: 14,
  capacity: 15,
  'not-needed': 16,
  'peer-silent': 17,
  'too-large': 18,
  internal: 19,
  stopped: 20,
  'kerberos-unavailable': 21,
  'kerberos-delegation-refused': 22,
  'kerberos-user-refused': 23,
  'assertion-refused': 24,
} as const;
export type CancelReason = keyof typeof CANCEL_CODES;

/** Ends that the ingress finds by itself and that never travel. */
export type LocalReason = 'no-connector' | 'accept-timeout' | 'refused' | 'head-too-large' | 'too-many-channels';

export type FailureReason = CancelReason | LocalReason;

/** How far the connector got when it gave up. Codes stand in CANCEL frames. */
export const PHASE_CODES = { 'origin-not-contacted': 0, 'origin-contacted': 1, 'response-begun': 2 } as const;
export type CancelPhase = keyof typeof PHASE_CODES;

/** What is known about the request when it failed: see PROTOCOL.md "Retry classes". */
export type RetryClass = 'not-dispatched' | 'dispatched' | 'response-begun';

/** What the connector is told; undefined when there is no connector to tell. */
export function wireReasonOf(reason: FailureReason): CancelReason | undefined {
  switch (reason) {
    case 'no-connector':
    case 'accept-timeout':
    case 'refused':
    case 'too-many-channels':
    case 'head-too-large':
      return undefined;
    default:
      return reason;
  }
}

const refuseByCode = invert(REFUSE_CODES);
const cancelByCode = invert(CANCEL_CODES);
const phaseByCode = invert(PHASE_CODES);

/** An unknown code of a newer peer is read as the nearest safe meaning: the connector is out of capacity. */
export function refuseReasonOf(code: number): RefuseReason {
  return refuseByCode.get(code) ?? 'capacity';
}

/** An unknown code of a newer peer is read as `internal`. */
export function cancelReasonOf(code: number): CancelReason {
  return cancelByCode.get(code) ?? 'internal';
}

/** An unknown phase is read as the one that forbids most. */
export function phaseOf(code: number): CancelPhase {
  return phaseByCode.get(code) ?? 'response-begun';
}

function invert<Name extends string>(codes: Readonly<Record<Name, number>>): ReadonlyMap<number, Name> {
  const names = Object.keys(codes) as Name[];
  return new Map(names.map((name) => [codes[name], name]));
}
