import type { ProblemText } from '../texts.ts';

export const ourTexts = {
  internal: {
    title: 'Something went wrong here',
    detail: 'The ingress failed to handle this request. This is a fault of Sallyport, not of your app.',
    advice: 'Try again. If it happens again, tell your administrator the request id.',
    cause: 'An unexpected error in the ingress. Its log has the cause under the request id.',
    look: ['The log of the ingress, by the request id.', 'Please report it, with the log.'],
  },
  'hub-unavailable': {
    title: 'Sallyport is being restarted',
    detail: 'The center of Sallyport cannot be reached at the moment, so no request gets through.',
    advice: 'Try again in a few seconds.',
    cause:
      'The ingress has lost its connection to the hub, over which it asks auth and reaches the connectors. It connects again by itself. Connectors and origins are not at fault.',
    look: [
      '`sallyport status`: whether the hub runs.',
      'The log of the ingress and of the hub.',
      'Disk, memory and network of the machine of the hub.',
    ],
  },
} as const satisfies Record<string, ProblemText>;
