import { PORTAL_APP_ID } from '#libs/contracts';
import { respondProblem } from '../answers/respond.ts';
import type { Exchange } from './exchange.ts';
import { DONE, NEXT, type StepResult } from './step.ts';

/** Spends one request of the app's and the tenant's limit; the portal and sign-in pages have a limit like an app's. */
export function admitRequest(exchange: Exchange): StepResult {
  const refusal = exchange.tenant.admission.admit(exchange.app?.view.id ?? PORTAL_APP_ID);
  if (refusal === undefined) return NEXT;
  respondProblem(exchange, refusal.scope === 'app' ? 'app-limit-exceeded' : 'tenant-limit-exceeded', {
    outcome: 'throttled',
    retryAfterSeconds: refusal.retryAfterSeconds,
  });
  return DONE;
}
