import type { Nkey } from './nkey.ts';

/** Text of a credentials file as every NATS client reads it. Holds the seed: mode 0600. */
export function credentialsText(jwt: string, seed: string): string {
  return `-----BEGIN NATS USER JWT-----
${jwt}
------END NATS USER JWT------

************************* IMPORTANT *************************
The seed printed below proves this identity: treat it as a secret.
*************************************************************

-----BEGIN USER NKEY SEED-----
${seed}
------END USER NKEY SEED------
`;
}

export function credentialsOf(jwt: string, key: Nkey): string {
  return credentialsText(jwt, key.seed());
}

/** JWT and seed of a credentials file, `undefined` when one is missing. */
export function parseCredentials(text: string): { readonly jwt: string; readonly seed: string } | undefined {
  const jwt = /BEGIN NATS USER JWT-+\s+(\S+)\s/.exec(text)?.[1];
  const seed = /BEGIN USER NKEY SEED-+\s+(\S+)\s/.exec(text)?.[1];
  return jwt && seed ? { jwt, seed } : undefined;
}
