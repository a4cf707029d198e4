import { setTimeout as delay } from 'node:timers/promises';
import { Checks } from '../suite.mjs';
import { webSocketOpener } from '../web-socket.mjs';

const ANSWER_LIMIT_MS = 10_000;
/** Above every time that --idle-seconds takes. */
const LIMIT_MS = 4 * 3600_000;

/** @type {import('../suite.mjs').Suite} */
export const idleWebSocket = {
  name: 'idle-websocket',
  judges: 'WebSockets on which nothing is said for a long time still work afterwards',
  limitMs: LIMIT_MS,
  run: async (context) => {
    const open = webSocketOpener(context);
    const { idleSeconds } = context.options;
    const checks = new Checks();
    await Promise.all(
      /** @type {const} */ ([
        ['passthrough', context.passthrough],
        ['signed in', context.signedIn],
      ]).map(([who, front]) =>
        checks.attempt(who, async () => {
          const socket = await open(front);
          let closed = '';
          socket.on('close', (/** @type {number} */ code) => {
            closed = `closed with ${code}`;
          });
          await delay(idleSeconds * 1000);
          if (closed !== '') throw new Error(closed);
          const answer = await Promise.race([
            new Promise((resolve) => {
              socket.once('message', (/** @type {Buffer} */ data) => resolve(data.toString()));
              socket.send('still here');
            }),
            delay(ANSWER_LIMIT_MS),
          ]);
          socket.terminate();
          if (answer !== 'still here') throw new Error(`answered ${answer} after ${idleSeconds} s`);
        }),
      ),
    );
    checks.notes.push(`idle for ${idleSeconds} s while the other suites ran; --idle-seconds 3600 makes it the hour`);
    return checks.outcome('ws 8.23.0');
  },
};
