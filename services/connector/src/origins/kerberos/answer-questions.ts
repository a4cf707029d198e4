import type { Gss, UserCredential } from './gss.ts';
import { failureSentence, GssFailure, refusedAbout } from './gss-failure.ts';
import { createKeptCredentials } from './kept-credentials.ts';
import { wrapInSpnego } from './spnego-token.ts';
import type { TicketAnswer, TicketQuestion } from './ticket-messages.ts';

/** How often the keytab's account gets a new place for its own ticket, milliseconds: old ones stay in memory. */
export const RENEW_PAUSE_MS = 60_000;

/** Answers within the ticket process: kept credentials of users, a fresh token for each question. Never throws. */
export function createAnswering(gss: Gss, nowMs: () => number): (question: TicketQuestion) => Promise<TicketAnswer> {
  const kept = createKeptCredentials<UserCredential>({ nowMs, release: (credential) => gss.release(credential) });
  let generation = 0;
  let renewedAtMs = nowMs();
  /** The ticket kept for the keytab's account may be of a key that the domain no longer has. */
  const renewOwn = () => {
    if (nowMs() - renewedAtMs < RENEW_PAUSE_MS) return;
    generation += 1;
    renewedAtMs = nowMs();
  };
  return async ({ user, service, mechanism }) => {
    const key = `${user.kind} ${user.text}`;
    try {
      return await kept.use(
        key,
        () => gss.impersonate(user, `MEMORY:sallyport-${generation}`),
        async (credential, keptForMs) => {
          const bare = await gss.token(credential, service);
          const token = mechanism === 'spnego' ? wrapInSpnego(bare) : bare;
          return { kind: 'token', token: token.toString('base64'), keptForMs };
        },
      );
    } catch (error) {
      const about = error instanceof GssFailure ? refusedAbout(error) : 'domain';
      // A service the account may not delegate to says nothing of the user's tickets to others.
      if (about !== 'delegation') kept.drop(key);
      if (!(error instanceof GssFailure))
        return { kind: 'refused', about, text: error instanceof Error ? error.message : String(error) };
      if (about === 'domain') renewOwn();
      return { kind: 'refused', about, text: failureSentence(error, user.text, service.text) };
    }
  };
}
