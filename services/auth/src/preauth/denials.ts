import type { AuthReply } from '#libs/contracts';
import type { IdentityProviderReason } from '../errors.ts';

export type DenialReason =
  | Exclude<IdentityProviderReason, 'refresh-refused'>
  | 'app-unknown'
  | 'return-url-foreign'
  | 'sign-in-link-invalid'
  | 'transaction-missing'
  | 'transaction-invalid'
  | 'state-replayed'
  | 'ticket-invalid'
  | 'ticket-replayed'
  | 'ticket-of-another-app'
  | 'binding-missing'
  | 'session-ended'
  | 'session-expired'
  | 'step-up-not-met'
  | 'identity-provider-unknown'
  | 'provider-mismatch'
  | 'user-disabled';

type Denial = { readonly status: number; readonly detail: string };

const AGAIN = 'Open the app again to start over.';

/** Status and sentence of each reason; those of the identity provider bring their own sentence. */
const DENIALS: Readonly<Record<DenialReason, Denial>> = {
  'app-unknown': { status: 404, detail: 'There is no app at this address.' },
  'return-url-foreign': { status: 400, detail: 'The address to return to does not belong to the app.' },
  'sign-in-link-invalid': {
    status: 400,
    detail: `The sign-in link was changed, or is older than 10 minutes. ${AGAIN}`,
  },
  'transaction-missing': {
    status: 400,
    detail: `This browser has no sign-in under way: the cookie of the sign-in is missing, because another browser began it, it was finished, or it took longer than 10 minutes. ${AGAIN}`,
  },
  'transaction-invalid': {
    status: 400,
    detail: `The cookie of this sign-in was changed, or is older than 10 minutes. ${AGAIN}`,
  },
  'state-replayed': { status: 400, detail: `This sign-in was completed before and cannot be used again. ${AGAIN}` },
  'ticket-invalid': { status: 400, detail: `The ticket to the app was changed, or is older than 60 seconds. ${AGAIN}` },
  'ticket-replayed': { status: 400, detail: `The ticket to the app was used before. ${AGAIN}` },
  'ticket-of-another-app': { status: 400, detail: `The ticket was made for another app. ${AGAIN}` },
  'binding-missing': {
    status: 400,
    detail: `The sign-in began in another browser, or its cookie is missing. ${AGAIN}`,
  },
  'session-ended': { status: 403, detail: `Your session was ended. ${AGAIN}` },
  'session-expired': { status: 403, detail: `Your session expired. ${AGAIN}` },
  'step-up-not-met': { status: 403, detail: 'This app asks for more than your sign-in brought.' },
  'identity-provider-unknown': {
    status: 503,
    detail: 'This app asks for an identity provider that is not configured.',
  },
  'provider-mismatch': {
    status: 400,
    detail: `The answer came to the address of another identity provider than the one this sign-in went to. ${AGAIN}`,
  },
  'user-disabled': { status: 403, detail: 'An administrator has disabled your account here.' },
  'identity-provider-unreachable': { status: 503, detail: 'The identity provider cannot be reached.' },
  'identity-provider-answer-invalid': { status: 502, detail: 'The identity provider answered nonsense.' },
  'identity-provider-refused': { status: 403, detail: 'The identity provider refused the sign-in.' },
  'sign-in-response-invalid': { status: 400, detail: 'The answer brought from the identity provider is not valid.' },
  'state-mismatch': { status: 400, detail: 'The answer of the identity provider belongs to another sign-in.' },
  'token-invalid': { status: 403, detail: 'The token of the identity provider was refused.' },
};

export type DeniedReply = Extract<AuthReply, { kind: 'denied' }>;

export function deny(reason: DenialReason, setCookies: readonly string[] = [], detail?: string): DeniedReply {
  const { status, detail: usual } = DENIALS[reason];
  return { kind: 'denied', status, reason, detail: detail ?? usual, setCookies: [...setCookies] };
}

/** An app that names a provider which is gone, or never was, opens with no other one. */
export function denyUnknownProvider(id: string | null): DeniedReply {
  const detail = `This app asks for the identity provider ${JSON.stringify(id ?? '')}, which is not configured: tell an administrator.`;
  return deny('identity-provider-unknown', [], detail);
}
