import type { ProblemText } from '../texts.ts';

export const limitTexts = {
  'app-limit-exceeded': {
    title: 'Too many requests to this app',
    detail: 'This app gets more requests than its limit allows, so this one was not let through.',
    advice: 'Wait a moment, then reload the page.',
    cause:
      'The ingress had spent its share of the limit of this app (500 requests per second over all ingresses, unless set otherwise). Neither connector nor origin saw the request; `Retry-After` says when to come back.',
    look: [
      '`sallyport limits list` shows limits and what exceeded them.',
      '`sallyport access tail` shows who sends so much.',
      '`sallyport limits set <app> <requests per second>` allows more, if the origin bears it.',
    ],
  },
  'tenant-limit-exceeded': {
    title: 'Too many requests',
    detail: 'All apps of this organization together get more requests than the limit allows.',
    advice: 'Wait a moment, then reload the page.',
    cause:
      'The ingress had spent its share of the limit of the tenant (750 requests per second over all apps and ingresses, unless set otherwise). Neither connector nor origin saw the request.',
    look: [
      '`sallyport limits list`: one app may need a lower limit of its own, so that it cannot use up that of all.',
      '`sallyport limits set tenant <requests per second>` allows more.',
    ],
  },
  'records-full': {
    title: 'Temporarily out of service',
    detail: 'Access records cannot be stored at the moment, and no request is let through without one.',
    advice: 'Try again in a minute.',
    cause:
      'Audit has not taken access records for so long that the ingress holds all it may (`maxAccessRecords`, 20,000). An access without a record is not allowed, so requests are refused until audit takes them again.',
    look: ['`sallyport status`: whether audit and the hub run.', 'Disk space and limits of the store of the hub.'],
  },
} as const satisfies Record<string, ProblemText>;
