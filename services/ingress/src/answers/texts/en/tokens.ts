import type { ProblemText } from '../texts.ts';

export const tokenTexts = {
  'token-refused': {
    title: 'The access token is not accepted',
    detail: 'The token that came with this request is not good, or not any more.',
    advice: 'Get a new token and send the request again.',
    cause:
      'A program brought a bearer token (`X-Sallyport-Authorization`, or `Authorization` where the app takes it) and auth refused it; the detail says why: expired, of another audience, directory or issuer, signed with an unknown key, no access token at all, from before its user was signed out everywhere, or a service token that is unknown, expired, rotated or revoked. No connector was asked.',
    look: [
      'The detail in the answer, and `sallyport events tail`: refused tokens with their reason.',
      '`sallyport apps show <app>`: the audience and the scope the app takes (docs/clients.md).',
      '`sallyport service-tokens list`: until when a service token is good.',
    ],
  },
  'token-insufficient': {
    title: 'The access token is not good for this app',
    detail: 'The token is genuine, but does not open this app.',
    cause:
      'The access token of a user lacks the scope (`scp`) that the app asks for, or the service token names other apps only. No connector was asked.',
    look: [
      '`sallyport apps show <app>`: the scope the app asks for; the program has to ask the identity provider for it.',
      '`sallyport service-tokens apps <token> <app>…` changes which apps a service token opens.',
    ],
  },
  'credential-malformed': {
    title: 'Unreadable credentials',
    detail: 'The request carries credentials that are not one bearer token.',
    cause:
      '`X-Sallyport-Authorization`, or an `Authorization` that is meant for Sallyport, came twice, or both came with a token of ours, or the value is not `Bearer` and one token of at most 16,384 characters (RFC 6750). It was neither judged nor passed on.',
    look: [
      'What the program sends: one field, `Bearer`, one space, the token.',
      'A proxy before Sallyport that adds credentials of its own.',
    ],
  },
} as const satisfies Record<string, ProblemText>;
