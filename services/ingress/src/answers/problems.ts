/** Who can mend it: shown on the page, sent to programs, told in the documentation. */
export const MENDERS = ['you', 'administrator', 'app-owner', 'client-developer', 'time'] as const;
export type Mender = (typeof MENDERS)[number];

export type ProblemCode = `SP-1${number}`;

/**
 * Every refusal and failure a user can meet, with its number. Numbers are public: they never change their meaning and are
 * never used again, also not after a problem is gone. The first two digits are the family: 10 the request, 11 limits,
 * 12 sign-in and access, 13 hub and connectors, 14 origins, 19 Sallyport itself. The texts stand in texts/.
 */
export type Problem = {
  readonly code: ProblemCode;
  readonly status: number;
  /** Kebab-case; also the reason in the access record, unless something knows it more precisely. */
  readonly reason: ProblemReason;
  /** The one to turn to first stands first. */
  readonly menders: readonly Mender[];
};

type Row = readonly [code: ProblemCode, status: number, ...menders: readonly [Mender, ...Mender[]]];

const table = {
  'bad-request': ['SP-1001', 400, 'client-developer'],
  'unknown-host': ['SP-1002', 404, 'you', 'administrator'],
  'unknown-path': ['SP-1003', 404, 'you', 'administrator'],
  'method-not-allowed': ['SP-1004', 405, 'client-developer'],
  'target-too-long': ['SP-1005', 414, 'client-developer'],
  'head-too-large': ['SP-1006', 431, 'you', 'app-owner'],
  'request-timeout': ['SP-1007', 408, 'you'],
  'unsupported-encoding': ['SP-1008', 501, 'client-developer'],
  'host-invalid': ['SP-1009', 400, 'client-developer'],
  'host-mismatch': ['SP-1010', 400, 'client-developer'],
  'length-invalid': ['SP-1011', 400, 'client-developer'],
  'target-invalid': ['SP-1012', 400, 'client-developer'],
  'target-traversal': ['SP-1013', 400, 'client-developer'],
  'field-invalid': ['SP-1014', 400, 'client-developer'],
  'body-malformed': ['SP-1015', 400, 'client-developer'],
  'request-too-large': ['SP-1016', 413, 'administrator'],
  'version-unsupported': ['SP-1017', 505, 'client-developer'],
  'request-too-slow': ['SP-1018', 408, 'you', 'administrator'],
  'expectation-failed': ['SP-1019', 417, 'client-developer'],

  'app-limit-exceeded': ['SP-1101', 429, 'time', 'administrator'],
  'tenant-limit-exceeded': ['SP-1102', 429, 'time', 'administrator'],
  'records-full': ['SP-1103', 503, 'administrator'],

  'user-unauthenticated': ['SP-1201', 401, 'you'],
  'auth-unavailable': ['SP-1202', 503, 'administrator'],
  'user-unauthorized': ['SP-1203', 403, 'app-owner', 'administrator'],
  'sign-in-failed': ['SP-1204', 403, 'administrator'],
  'cross-site-request': ['SP-1205', 403, 'you'],
  'session-expired': ['SP-1206', 401, 'you'],
  'sign-in-interrupted': ['SP-1207', 400, 'you'],
  'identity-provider-unavailable': ['SP-1208', 503, 'administrator'],
  'identity-rejected': ['SP-1209', 403, 'administrator'],
  'access-revoked': ['SP-1210', 403, 'app-owner', 'administrator'],
  'app-retired': ['SP-1211', 403, 'administrator'],
  'cors-refused': ['SP-1212', 403, 'administrator', 'app-owner'],
  'websocket-refused': ['SP-1213', 403, 'administrator'],
  'grpc-refused': ['SP-1214', 403, 'administrator'],
  'websocket-cross-site': ['SP-1215', 403, 'administrator', 'app-owner'],
  'step-up-required': ['SP-1216', 401, 'you'],
  'policy-denied': ['SP-1217', 403, 'administrator'],
  'step-up-not-met': ['SP-1218', 403, 'you', 'administrator'],
  'groups-unknown': ['SP-1219', 403, 'administrator'],
  'token-refused': ['SP-1220', 401, 'client-developer', 'administrator'],
  'token-insufficient': ['SP-1221', 403, 'administrator', 'client-developer'],
  'credential-malformed': ['SP-1222', 400, 'client-developer'],
  'sign-on-refused': ['SP-1223', 403, 'administrator', 'app-owner'],
  'sign-on-unavailable': ['SP-1224', 503, 'time', 'administrator'],

  'directory-unavailable': ['SP-1301', 503, 'time', 'administrator'],
  'no-connector': ['SP-1302', 503, 'administrator'],
  'connector-unavailable': ['SP-1303', 503, 'administrator'],
  'connector-lost': ['SP-1304', 502, 'administrator'],
  'too-many-channels': ['SP-1305', 503, 'time', 'administrator'],
  'connector-unresponsive': ['SP-1306', 503, 'administrator'],
  'connector-draining': ['SP-1307', 503, 'time', 'administrator'],
  'connector-busy': ['SP-1308', 503, 'time', 'administrator'],
  'connector-silent': ['SP-1309', 502, 'administrator'],
  'tunnel-gap': ['SP-1310', 502, 'administrator'],
  'tunnel-violation': ['SP-1311', 502, 'administrator'],
  'connector-failed': ['SP-1312', 502, 'administrator'],
  'tunnel-stopped': ['SP-1313', 503, 'time'],

  'origin-dns': ['SP-1401', 502, 'administrator'],
  'origin-refused': ['SP-1402', 502, 'app-owner'],
  'origin-tls': ['SP-1403', 502, 'administrator', 'app-owner'],
  'origin-connect-timeout': ['SP-1404', 504, 'app-owner', 'administrator'],
  'origin-unreachable': ['SP-1405', 502, 'administrator'],
  'origin-timeout': ['SP-1406', 504, 'app-owner', 'administrator'],
  'origin-aborted': ['SP-1407', 502, 'app-owner'],
  'origin-invalid': ['SP-1408', 502, 'app-owner'],
  'origin-head-too-large': ['SP-1409', 502, 'app-owner'],
  'kerberos-unavailable': ['SP-1410', 502, 'administrator'],
  'kerberos-delegation-refused': ['SP-1411', 502, 'administrator'],
  'kerberos-user-refused': ['SP-1412', 502, 'administrator'],
  'assertion-refused': ['SP-1413', 502, 'administrator'],

  internal: ['SP-1901', 500, 'administrator'],
  'hub-unavailable': ['SP-1902', 503, 'time', 'administrator'],
} as const satisfies Record<string, Row>;

export type ProblemReason = keyof typeof table;

/** In the order of their numbers. */
export const PROBLEM_REASONS = Object.keys(table) as readonly ProblemReason[];

export function problemOf(reason: ProblemReason): Problem {
  const [code, status, ...menders] = table[reason];
  return { code, status, reason, menders };
}

const reasonByCode = new Map<string, ProblemReason>(PROBLEM_REASONS.map((reason) => [table[reason][0], reason]));

/** The problem behind a number, as it stands in an address; undefined when there is none. */
export function findProblem(code: string): Problem | undefined {
  const reason = reasonByCode.get(code.toUpperCase());
  return reason === undefined ? undefined : problemOf(reason);
}
