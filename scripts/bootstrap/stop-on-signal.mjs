import { endWithNpm } from './parent-watch.mjs';
import { logToStderr } from './project.mjs';

/** What a shell says of a program that Ctrl-C ended. */
const EXIT_INTERRUPTED = 130;

/**
 * For a command that starts other programs: the first Ctrl-C, or the end of npm, stops everything in order, the second
 * at once.
 * @param {() => Promise<void>} cleanUp
 */
export function stopOnSignal(cleanUp) {
  let isStopping = false;
  const stop = () => {
    if (isStopping) process.exit(EXIT_INTERRUPTED);
    isStopping = true;
    logToStderr('stopping what was started');
    void cleanUp().finally(() => process.exit(EXIT_INTERRUPTED));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  endWithNpm(process.env);
}
