import { z } from 'zod';
import {
  claimHeader,
  MAX_CLAIM_HEADERS,
  type OriginAuthorization,
  originAuthorization,
} from '../facts/app-settings.ts';
import { type AppView, appView } from './routing.messages.ts';

/** Stands for a secret wherever an app is shown to admins. Given back, it means the one that is there. */
export const SEALED = '(sealed)';
const sealed = z.literal(SEALED);

const [basic, bearer, tokenExchange, kerberos] = originAuthorization.options;

/** `originAuthorization` without what is sealed: not even auth's own text of it leaves the API. */
export const shownAuthorization = z.discriminatedUnion('kind', [
  basic.omit({ sealedPassword: true }).extend({ password: sealed }),
  bearer.omit({ sealedToken: true }).extend({ token: sealed }),
  tokenExchange.omit({ sealedClientSecret: true }).extend({ clientSecret: sealed }),
  kerberos,
]);
export type ShownAuthorization = z.infer<typeof shownAuthorization>;

/** An app as the API shows it. */
export const shownApp = appView.extend({
  singleSignOn: z
    .object({
      claimHeaders: z.array(claimHeader).max(MAX_CLAIM_HEADERS),
      authorization: shownAuthorization.nullable(),
    })
    .default({ claimHeaders: [], authorization: null }),
});
export type ShownApp = z.infer<typeof shownApp>;

export function shownAppOf(app: AppView): ShownApp {
  const { claimHeaders, authorization } = app.singleSignOn;
  const shown = authorization === null ? null : shownAuthorizationOf(authorization);
  return { ...app, singleSignOn: { claimHeaders, authorization: shown } };
}

function shownAuthorizationOf(authorization: OriginAuthorization): ShownAuthorization {
  switch (authorization.kind) {
    case 'basic': {
      const { sealedPassword: _sealed, ...rest } = authorization;
      return { ...rest, password: SEALED };
    }
    case 'bearer': {
      const { sealedToken: _sealed, ...rest } = authorization;
      return { ...rest, token: SEALED };
    }
    case 'token-exchange': {
      const { sealedClientSecret: _sealed, ...rest } = authorization;
      return { ...rest, clientSecret: SEALED };
    }
    case 'kerberos':
      return authorization;
    default:
      return authorization satisfies never;
  }
}
