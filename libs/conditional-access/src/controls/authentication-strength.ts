import { type Control, held, notHeld } from './control.ts';

/** The identity provider must have vouched for the authentication context (`acrs`, never `amr`: Entra v2.0 tokens carry none). */
export const authenticationStrength: Control<'authentication-strength'> = {
  kind: 'authentication-strength',
  reasons: ['authentication-strength-ok', 'authentication-strength-insufficient'],
  prepare: ({ context }) => {
    const isVouched = held(authenticationStrength.reasons[0]);
    const isNot = notHeld(authenticationStrength.reasons[1], { kind: 'context', context });
    return ({ inputs }) => (inputs.authenticationContexts.includes(context) ? isVouched : isNot);
  },
};
