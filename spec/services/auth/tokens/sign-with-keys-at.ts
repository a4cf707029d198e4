import { createAssertionSigner } from '../../../../services/auth/src/tokens/assertion-signer.ts';

/** Run as a process of its own: opens numbered key files, each at an instant, and prints the key id of each, or why there is none. */
const [folder = '', startAtMs = '', count = ''] = process.argv.slice(2);
const open = (name: string): unknown => {
  try {
    const keyFile = `${folder}/${name}.pem`;
    return createAssertionSigner({ keyFile, issuer: 'https://login.example.com', nowMs: Date.now }).keys[0]?.kid;
  } catch (error) {
    return String(error);
  }
};
open(`warm-${process.pid}`);
const ids: unknown[] = [];
for (let i = 0; i < Number(count); i += 1) {
  const atMs = Number(startAtMs) + i * 8;
  // Busy: a timer would wake the processes one after another.
  while (Date.now() < atMs);
  ids.push(open(`key-${i}`));
}
console.log(JSON.stringify(ids));
