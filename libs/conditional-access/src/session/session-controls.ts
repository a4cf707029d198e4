import type { SessionControls } from '#libs/contracts';
import { judgeAge } from '../age.ts';
import { type ControlProbe, type ControlState, held, missing, notHeld } from '../controls/control.ts';
import type { SessionRules } from '../evaluation.ts';
import type { Situation } from '../situation.ts';

type SessionProbe = { readonly clause: string; readonly check: ControlProbe };

/** Those that can fail; `persistentBrowser` only tells how to keep the cookie. */
export function prepareSession(session: SessionControls): readonly SessionProbe[] {
  const { signInFrequencyMinutes, maxSessionMinutes, bindToNetwork } = session;
  return [
    ...(signInFrequencyMinutes === undefined
      ? []
      : [{ clause: 'session.signInFrequencyMinutes', check: signInFrequency(signInFrequencyMinutes) }]),
    ...(maxSessionMinutes === undefined
      ? []
      : [{ clause: 'session.maxSessionMinutes', check: maxSession(maxSessionMinutes) }]),
    ...(bindToNetwork === true ? [{ clause: 'session.bindToNetwork', check: network }] : []),
  ];
}

export const noSessionRules: SessionRules = {
  signInFrequencyMinutes: undefined,
  persistentBrowser: undefined,
  maxSessionMinutes: undefined,
  bindToNetwork: false,
};

/** The strictest of both. Commutative and associative, so the order of policies does not matter. */
export function strictest(rules: SessionRules, session: SessionControls): SessionRules {
  return {
    signInFrequencyMinutes: smaller(rules.signInFrequencyMinutes, session.signInFrequencyMinutes),
    persistentBrowser:
      rules.persistentBrowser === 'never' ? 'never' : (session.persistentBrowser ?? rules.persistentBrowser),
    maxSessionMinutes: smaller(rules.maxSessionMinutes, session.maxSessionMinutes),
    bindToNetwork: rules.bindToNetwork || session.bindToNetwork === true,
  };
}

function smaller(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.min(one, other);
}

function signInFrequency(maxAgeMinutes: number): ControlProbe {
  return ({ inputs }) => {
    const { isYoung, changesAtMs } = judgeAge(inputs.authenticatedAtMs, inputs.nowMs, maxAgeMinutes);
    if (isYoung) return held('sign-in-frequency-ok', changesAtMs);
    return notHeld('sign-in-frequency-exceeded', { kind: 'age', maxAgeMinutes }, changesAtMs);
  };
}

function maxSession(maxMinutes: number): ControlProbe {
  return ({ inputs }) => {
    const { isYoung, changesAtMs } = judgeAge(inputs.sessionStartedAtMs, inputs.nowMs, maxMinutes);
    if (isYoung) return held('session-age-ok', changesAtMs);
    return notHeld('session-age-exceeded', { kind: 'new-session' }, changesAtMs);
  };
}

const sameNetwork = held('session-network-same');
const otherNetwork = notHeld('session-network-changed', { kind: 'new-session' });
const unknownNetwork = missing('address-unknown');

function network(situation: Situation): ControlState {
  if (situation.network === 'unknown') return unknownNetwork;
  return situation.network === 'same' ? sameNetwork : otherNetwork;
}
