import { readFileSync } from 'node:fs';
import { expect } from 'chai';

/** Whether a process runs; one that has ended but was not yet collected by its new parent does not. */
export function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Waits until the claim holds, for at most 5 s. */
export async function until(claim: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!claim()) {
    if (Date.now() > deadline) expect.fail(`not within 5 s: ${claim.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
