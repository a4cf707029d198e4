import type { FailureReason } from '#libs/tunnel-protocol';
import type { ProblemReason } from '../answers/problems.ts';

type Shown = { readonly key: ProblemReason; readonly retryAfterSeconds?: number };

/** What the user is told when a channel ended before the answer began. */
export function failureProblem(reason: FailureReason): Shown {
  switch (reason) {
    case 'no-connector':
      return { key: 'no-connector', retryAfterSeconds: 5 };
    case 'accept-timeout':
    case 'refused':
    case 'draining':
    case 'capacity':
      return { key: 'connector-unavailable', retryAfterSeconds: 5 };
    case 'too-many-channels':
    case 'stopped':
      return { key: 'too-many-channels', retryAfterSeconds: 5 };
    case 'connector-lost':
    case 'peer-silent':
    case 'gap':
    case 'malformed':
    case 'protocol-violation':
    case 'user-gone':
    case 'not-needed':
    case 'internal':
      return { key: 'connector-lost' };
    case 'head-too-large':
      return { key: 'head-too-large' };
    case 'origin-dns':
    case 'origin-refused':
    case 'origin-tls':
    case 'origin-connect-timeout':
    case 'origin-unreachable':
    case 'origin-timeout':
    case 'origin-aborted':
    case 'origin-invalid':
      return { key: reason };
    case 'too-large':
      return { key: 'origin-invalid' };
    default:
      return reason satisfies never;
  }
}
