/**
 * Every refusal and failure a user can meet, with its number. Numbers are public and never reused: 10 requests,
 * 11 limits, 12 identity, 13 connectors, 14 origins, 19 ourselves.
 */
export type Problem = {
  readonly code: `SP-${number}`;
  readonly status: number;
  /** Kebab-case; also the reason in the access record. */
  readonly reason: string;
  readonly title: string;
  /** Names the source of the problem. */
  readonly detail: string;
  /** What the person can do. */
  readonly advice?: string;
};

const table = {
  'bad-request': {
    code: 'SP-1001',
    status: 400,
    title: 'This request cannot be read',
    detail: 'The request breaks the rules of HTTP, or can be read in more than one way, and was refused.',
  },
  'unknown-host': {
    code: 'SP-1002',
    status: 404,
    title: 'Nothing here',
    detail: 'There is nothing at this address.',
    advice: 'Check the address for typing errors.',
  },
  'unknown-path': {
    code: 'SP-1003',
    status: 404,
    title: 'Page not found',
    detail: 'There is no such page here.',
  },
  'method-not-allowed': {
    code: 'SP-1004',
    status: 405,
    title: 'Not possible this way',
    detail: 'This page cannot be asked with this method.',
  },
  'target-too-long': {
    code: 'SP-1005',
    status: 414,
    title: 'The address is too long',
    detail: 'The address of this request is longer than the ingress accepts.',
  },
  'head-too-large': {
    code: 'SP-1006',
    status: 431,
    title: 'Too much in the request head',
    detail: 'The request carries more header fields or cookies than the ingress accepts.',
    advice: 'Deleting the cookies of this site often helps.',
  },
  'request-timeout': {
    code: 'SP-1007',
    status: 408,
    title: 'The request took too long to arrive',
    detail: 'The rest of the request did not arrive in time.',
    advice: 'Check your connection and try again.',
  },
  'unsupported-encoding': {
    code: 'SP-1008',
    status: 501,
    title: 'Unknown transfer coding',
    detail: 'The request body is encoded in a way the ingress does not know.',
  },
  'app-limit-exceeded': {
    code: 'SP-1101',
    status: 429,
    title: 'Too many requests to this app',
    detail: 'This app gets more requests than its limit allows, so this one was not let through.',
    advice: 'Wait a moment, then reload the page.',
  },
  'tenant-limit-exceeded': {
    code: 'SP-1102',
    status: 429,
    title: 'Too many requests',
    detail: 'All apps of this organization together get more requests than the limit allows.',
    advice: 'Wait a moment, then reload the page.',
  },
  'records-full': {
    code: 'SP-1103',
    status: 503,
    title: 'Temporarily out of service',
    detail: 'Access records cannot be stored at the moment, and no request is let through without one.',
    advice: 'Try again in a minute.',
  },
  'user-unauthenticated': {
    code: 'SP-1201',
    status: 401,
    title: 'Sign in first',
    detail: 'You are not signed in to this app, or your session has ended.',
  },
  'auth-unavailable': {
    code: 'SP-1202',
    status: 503,
    title: 'Sign-in is not available',
    detail: 'The sign-in service of Sallyport does not answer, so nobody can be let in at the moment.',
    advice: 'This is not about your account. Try again in a minute.',
  },
  'user-unauthorized': {
    code: 'SP-1203',
    status: 403,
    title: 'You have no access to this app',
    detail: 'You are signed in, but access to this app was denied.',
    advice: 'If you need this app, ask your administrator and give the receipt below.',
  },
  'sign-in-failed': {
    code: 'SP-1204',
    status: 403,
    title: 'Sign-in did not succeed',
    detail: 'The sign-in was refused.',
    advice: 'Start again from your app or from the portal.',
  },
  'cross-site-request': {
    code: 'SP-1205',
    status: 403,
    title: 'Sent from another site',
    detail: 'This request was sent by another site than this one and was refused.',
  },
  'directory-unavailable': {
    code: 'SP-1301',
    status: 503,
    title: 'Starting up',
    detail: 'The ingress has not yet received the list of published apps.',
    advice: 'Try again in a few seconds.',
  },
  'no-connector': {
    code: 'SP-1302',
    status: 503,
    title: 'No connector is online',
    detail: 'None of the connectors that serve this app is connected at the moment.',
    advice: 'Try again in a minute. If it lasts, tell your administrator.',
  },
  'connector-unavailable': {
    code: 'SP-1303',
    status: 503,
    title: 'The connectors are busy',
    detail: 'The connectors that serve this app did not accept the request.',
    advice: 'Try again in a minute.',
  },
  'connector-lost': {
    code: 'SP-1304',
    status: 502,
    title: 'The connection to the connector broke',
    detail: 'The connector that worked on this request was lost before the app answered.',
    advice: 'Your request may have reached the app. Check before you send it again.',
  },
  'too-many-channels': {
    code: 'SP-1305',
    status: 503,
    title: 'Too many requests at once',
    detail: 'The ingress works on as many requests as it can.',
    advice: 'Try again in a minute.',
  },
  'origin-dns': {
    code: 'SP-1401',
    status: 502,
    title: 'The app cannot be reached',
    detail: 'The connector could not find the app: its internal host name does not resolve.',
  },
  'origin-refused': {
    code: 'SP-1402',
    status: 502,
    title: 'The app cannot be reached',
    detail: 'The connector could not reach the app: the connection was refused. The app may not be running.',
  },
  'origin-tls': {
    code: 'SP-1403',
    status: 502,
    title: 'The app cannot be reached',
    detail: 'The connector does not trust the TLS certificate of the app, or no TLS connection was possible.',
  },
  'origin-connect-timeout': {
    code: 'SP-1404',
    status: 504,
    title: 'The app cannot be reached',
    detail: 'The connector could not reach the app in time.',
  },
  'origin-unreachable': {
    code: 'SP-1405',
    status: 502,
    title: 'The app cannot be reached',
    detail: 'The connector could not reach the app.',
  },
  'origin-timeout': {
    code: 'SP-1406',
    status: 504,
    title: 'The app did not answer in time',
    detail: 'The app was reached but did not answer within the time set for it.',
    advice: 'Your request may have reached the app. Check before you send it again.',
  },
  'origin-aborted': {
    code: 'SP-1407',
    status: 502,
    title: 'The app broke off its answer',
    detail: 'The app closed the connection before it had answered.',
  },
  'origin-invalid': {
    code: 'SP-1408',
    status: 502,
    title: 'The app gave an answer that cannot be used',
    detail: 'The answer of the app breaks the rules of HTTP.',
  },
  internal: {
    code: 'SP-1901',
    status: 500,
    title: 'Something went wrong here',
    detail: 'The ingress failed to handle this request. This is a fault of Sallyport, not of your app.',
  },
} as const satisfies Record<string, Omit<Problem, 'reason'>>;

export type ProblemReason = keyof typeof table;

export const PROBLEM_REASONS = Object.keys(table) as readonly ProblemReason[];

export function problemOf(reason: ProblemReason): Problem {
  return { ...table[reason], reason };
}
