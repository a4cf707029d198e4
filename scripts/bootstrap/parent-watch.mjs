const POLL_MS = 250;

/**
 * Under npm, the shell between npm and this process does not pass signals on: ending npm would leave the whole system
 * running. So when the parent is gone, this process asks itself to end, once, and not if a signal has already done so.
 * Without npm (a service manager, `nohup node …`) a parent may come and go: nothing is watched.
 * @param {NodeJS.ProcessEnv} env
 */
export function endWithNpm(env) {
  if (env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, POLL_MS);
  timer.unref();
  for (const [signal, exitCode] of /** @type {const} */ ([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])) {
    process.on(signal, () => {
      clearInterval(timer);
      // Listening turns off what the signal does by itself; until someone else listens, it is done here.
      if (process.listenerCount(signal) === 1) process.exit(exitCode);
    });
  }
}
