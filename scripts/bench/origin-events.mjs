/** Between two events of a stream, unless the request says otherwise. */
export const EVENT_INTERVAL_MS = 10;

/**
 * Server-sent events, each with its number and the instant it was written as its data: CLOCK_MONOTONIC in nanoseconds,
 * which every process of a machine reads the same.
 * @param {import('node:http').ServerResponse} response
 */
export function sendEvents(response) {
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    // Asks nginx to pass events on as they come, as every origin of events behind it does.
    'x-accel-buffering': 'no',
  });
  let number = 0;
  const write = () => {
    response.write(`data: ${number} ${process.hrtime.bigint()}\n\n`);
    number += 1;
  };
  write();
  const timer = setInterval(write, EVENT_INTERVAL_MS);
  response.on('close', () => clearInterval(timer));
  response.on('error', () => clearInterval(timer));
}
