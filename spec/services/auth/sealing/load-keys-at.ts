import { loadSealingKeys } from '../../../../services/auth/src/sealing/sealing-keys.ts';

/** Run as a process of its own: loads the keys of numbered files, each at an instant, and prints the newest key id of each. */
const [folder = '', startAtMs = '', count = '', rotateAfterDays = ''] = process.argv.slice(2);
const newest: string[] = [];
loadSealingKeys(`${folder}/warm-${process.pid}.json`, Number.POSITIVE_INFINITY, new Date());
for (let i = 0; i < Number(count); i += 1) {
  const atMs = Number(startAtMs) + i * 8;
  // Busy: a timer would wake the processes one after another.
  while (Date.now() < atMs);
  newest.push(loadSealingKeys(`${folder}/keys-${i}.json`, Number(rotateAfterDays), new Date())[0].kid);
}
console.log(JSON.stringify(newest));
