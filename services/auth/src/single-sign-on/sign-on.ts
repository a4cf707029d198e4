import { LRUCache } from 'lru-cache';
import type { AppState, SingleSignOn } from '#libs/contracts';
import type { Logger } from '#libs/telemetry';
import { basicFields } from './basic.ts';
import { bearerFields } from './bearer.ts';
import { claimHeaderFields } from './claim-headers.ts';
import { createExchangedTokens } from './exchanged-tokens.ts';
import type { OriginFields, SignedOn, SignOnOutcome } from './origin-fields.ts';
import { createOriginSecrets, type OriginSecrets } from './origin-secrets.ts';
import { type TokenExchangeParts, tokenExchangeFields } from './token-exchange.ts';
import { createTokenService } from './token-service.ts';

/** Apps whose unreadable secret was told; at the bound the first one is told again. */
const MAX_WARNED_APPS = 1_000;
const NOTHING: SignOnOutcome = { kind: 'fields', fields: [] };

export type SignOn = {
  /** What an app's settings put on requests of this person to its origin; the first mode that refuses denies. */
  fieldsOf(app: AppState, person: SignedOn): Promise<SignOnOutcome>;
  readonly secrets: OriginSecrets;
  stop(): Promise<void>;
};

/** Single sign-on to origins (docs/single-sign-on.md). Error: ERR_AUTH_FILE. */
export function createSignOn(options: {
  readonly keyDirectory: string;
  /** PEM file with further CA certificates of token services. */
  readonly tokenServiceCaFile?: string | undefined;
  readonly nowMs: () => number;
  readonly logger: Logger;
}): SignOn {
  const secrets = createOriginSecrets(options.keyDirectory, options.nowMs);
  const service = createTokenService({ caFile: options.tokenServiceCaFile });
  const { nowMs, logger } = options;
  const parts = { secrets, service, tokens: createExchangedTokens(nowMs), nowMs, logger };
  const warn = warnOfUnreadable(options.logger);
  return {
    fieldsOf: async (app, person) => {
      if (app.status !== 'published') return NOTHING;
      const outcome = await together(modesOf(app, parts), person);
      if (outcome.kind === 'refused' && outcome.reason === 'single-sign-on-secret-unreadable') warn(app.externalUrl);
      return outcome;
    },
    secrets,
    stop: () => service.close(),
  };
}

/** One line for each app and process: whoever lost the key must hear of it, and not at every decision. */
function warnOfUnreadable(logger: Logger): (externalUrl: string) => void {
  const told = new LRUCache<string, true>({ max: MAX_WARNED_APPS });
  return (externalUrl) => {
    if (told.has(externalUrl)) return;
    told.set(externalUrl, true);
    logger.error('secret of single sign-on cannot be read: give it again', { externalUrl });
  };
}

function modesOf(
  app: { readonly externalUrl: string; readonly singleSignOn: SingleSignOn },
  parts: TokenExchangeParts,
): readonly OriginFields[] {
  const { claimHeaders, authorization } = app.singleSignOn;
  const modes = claimHeaders.length === 0 ? [] : [claimHeaderFields(claimHeaders)];
  if (authorization === null) return modes;
  switch (authorization.kind) {
    case 'basic':
      return [...modes, basicFields(authorization, parts.secrets)];
    case 'bearer':
      return [...modes, bearerFields(authorization, parts.secrets)];
    case 'token-exchange':
      return [...modes, tokenExchangeFields({ app, settings: authorization }, parts)];
    case 'kerberos':
      // The connector makes the header, by what the assertion says of the person (delegated-login.ts).
      return modes;
    default:
      return authorization satisfies never;
  }
}

async function together(modes: readonly OriginFields[], person: SignedOn): Promise<SignOnOutcome> {
  const fields: string[] = [];
  let validUntilMs: number | undefined;
  for (const mode of modes) {
    const outcome = await mode.fieldsFor(person);
    if (outcome.kind === 'refused') return outcome;
    fields.push(...outcome.fields);
    validUntilMs = outcome.validUntilMs ?? validUntilMs;
  }
  return { kind: 'fields', fields, ...(validUntilMs === undefined ? {} : { validUntilMs }) };
}
