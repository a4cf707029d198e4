// Opens many WebSockets and holds them, in a process of its own. Orders as JSON in the first argument. Says `ready` or
// `failed` as one JSON line; on a line of stdin, checks: how many are still open, and of some of them whether they echo.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { openWebSocket } from '../websocket/client.mjs';

const AT_ONCE = 32;
const CHECKED = 100;
/** One that cannot be opened is tried again so often: a full queue of connections is no verdict. */
const ATTEMPTS = 3;

/** @type {{ front: import('../front.mjs').Front, count: number }} */
const { front, count } = JSON.parse(process.argv[2] ?? '{}');
const ca = readFileSync(front.caFile, 'utf8');
/** @type {import('../websocket/client.mjs').OpenWebSocket[]} */
const sockets = [];

/** @param {object} event */
const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

async function openOne() {
  for (let attempt = 1; ; attempt += 1) {
    try {
      sockets.push(await openWebSocket(front, ca));
      return;
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

let started = 0;
/** @type {Error | undefined} */
let failure;
async function open() {
  while (started < count && failure === undefined) {
    started += 1;
    await openOne().catch((error) => {
      failure ??= error;
    });
  }
}

const stdin = createInterface({ input: process.stdin });
// The bench holds the other end of stdin: when it is gone, in whatever way, so is this process.
stdin.once('close', () => process.exit(0));
stdin.on('line', async () => {
  const step = Math.max(1, Math.floor(sockets.length / CHECKED));
  let [asked, echoed] = [0, 0];
  for (let index = 0; index < sockets.length; index += step) {
    asked += 1;
    await sockets[index]?.echo(Buffer.from('still there')).then(
      () => {
        echoed += 1;
      },
      () => undefined,
    );
  }
  say({ event: 'checked', open: sockets.filter((socket) => socket.isOpen()).length, asked, echoed });
});
await Promise.all(Array.from({ length: AT_ONCE }, open));
if (failure === undefined) say({ event: 'ready', open: sockets.length });
else say({ event: 'failed', open: sockets.length, reason: failure.message });
