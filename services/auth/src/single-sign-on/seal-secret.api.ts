import type { NatsConnection } from 'nats';
import { MAX_ORIGIN_SECRET_CHARACTERS, sealSecret } from '#libs/contracts';
import { isSallyportError, SallyportError } from '#libs/errors';
import { serveEndpoint } from '#libs/messaging';
import type { Logger } from '#libs/telemetry';
import type { OriginSecrets } from './origin-secrets.ts';

/** Seals what an admin gives; keeps and records nothing. Error: ERR_AUTH_SECRET, which does not say what it was. */
export function serveSealSecret(
  nc: NatsConnection,
  { tenant, secrets, logger }: { readonly tenant: string; readonly secrets: OriginSecrets; readonly logger: Logger },
): readonly { drain(): Promise<void> }[] {
  return [serveEndpoint(nc, tenant, sealSecret, ({ secret }) => seal(secrets, secret), { queue: 'auth', logger })];
}

async function seal(secrets: OriginSecrets, secret: string): Promise<{ sealed: string }> {
  // A line break would end a header, and comes from an editor far more often than from a password.
  if (/\p{Cc}/u.test(secret)) throw refuse('has control characters: expected one line without its end');
  // So does a byte order mark, which nobody sees.
  if (secret.includes('\ufeff')) throw refuse('has a byte order mark (U+FEFF): expected plain text without one');
  // As Basic, with a user name, it must still fit a field of a decision.
  if (Buffer.byteLength(secret) > MAX_ORIGIN_SECRET_CHARACTERS) throw tooLong();
  try {
    return { sealed: await secrets.seal(secret) };
  } catch (error) {
    if (isSallyportError(error, 'ERR_AUTH_SEAL_SIZE')) throw tooLong();
    throw error;
  }
}

function tooLong(): SallyportError {
  return refuse(`is too long: expected at most ${MAX_ORIGIN_SECRET_CHARACTERS} bytes`);
}

function refuse(why: string): SallyportError {
  return new SallyportError('ERR_AUTH_SECRET', `the secret ${why}`, { expose: true });
}
