import type { JetStreamManager, StoredMsg } from '@nats-io/jetstream';
import { SallyportError } from '#libs/errors';
import { backoffMs, pause } from './backoff.ts';
import { isFinalFailure } from './broker-failure.ts';
import type { StoredCommit } from './commit-codec.ts';
import { storeUnavailable } from './errors.ts';
import { BROKER_TIMEOUT_MS, LOAD_PAGE_COMMITS, MAX_COMMITS_PER_AGGREGATE, MAX_READ_ATTEMPTS } from './limits.ts';

type DirectMessage = Pick<StoredMsg, 'subject' | 'seq' | 'header' | 'data'> & {
  readonly pending: number;
  readonly lastSequence: number;
};
type Page = { readonly commits: readonly StoredCommit[]; readonly isLast: boolean };

/** All commits of one literal subject, by batched direct get. */
export async function loadSubject(jsm: JetStreamManager, stream: string, subject: string): Promise<StoredCommit[]> {
  const commits: StoredCommit[] = [];
  for (;;) {
    const page = await readPageWithRetry(jsm, stream, subject, commits.at(-1)?.position ?? 0);
    commits.push(...page.commits);
    if (page.isLast) return commits;
    if (commits.length >= MAX_COMMITS_PER_AGGREGATE) {
      throw new SallyportError(
        'ERR_EVENTS_AGGREGATE_TOO_LONG',
        `${subject} has more than ${MAX_COMMITS_PER_AGGREGATE} commits, the most one load returns`,
        { details: { subject, maxCommits: MAX_COMMITS_PER_AGGREGATE } },
      );
    }
  }
}

async function readPageWithRetry(jsm: JetStreamManager, stream: string, subject: string, after: number): Promise<Page> {
  for (let failures = 0; ; failures += 1) {
    try {
      return await readPage(jsm, stream, subject, after);
    } catch (error) {
      if (isFinalFailure(error) || failures + 1 >= MAX_READ_ATTEMPTS)
        throw storeUnavailable(`load of ${subject}`, error);
    }
    await pause(backoffMs(failures));
  }
}

/**
 * One page. By callback: the client's iterator form of getBatch keeps its subscription (3.4.0). The client sets no deadline
 * on the whole batch, so there is one here.
 */
async function readPage(jsm: JetStreamManager, stream: string, subject: string, after: number): Promise<Page> {
  const commits: StoredCommit[] = [];
  let pending = 0;
  let previous = after;
  let gap: Error | undefined;
  const end = deferredEnd();
  const batch = await jsm.direct.getBatch(stream, {
    next_by_subj: subject,
    seq: after + 1,
    batch: LOAD_PAGE_COMMITS,
    callback: (done, message) => {
      if (done !== null) return end.settle(done.err);
      const { seq, data, header, pending: left, lastSequence } = message as DirectMessage;
      // The server names the message before this one in the batch: a difference is a lost message.
      if (lastSequence > 0 && lastSequence !== previous) gap ??= new Error(`a message before ${seq} is missing`);
      previous = seq;
      pending = left;
      commits.push({ subject: message.subject, position: seq, data, header: (name) => header.last(name) || undefined });
    },
  });
  const timer = setTimeout(() => {
    end.settle(new Error(`no end of the batch in ${BROKER_TIMEOUT_MS} ms`));
    batch.stop();
  }, BROKER_TIMEOUT_MS);
  const problem = (await end.reached.finally(() => clearTimeout(timer))) ?? gap;
  if (problem !== undefined && !isNotFound(problem)) throw problem;
  return { commits, isLast: commits.length === 0 || pending === 0 };
}

function deferredEnd(): { reached: Promise<Error | undefined>; settle: (error: Error | undefined) => void } {
  let settle: (error: Error | undefined) => void = () => undefined;
  const reached = new Promise<Error | undefined>((resolve) => {
    settle = resolve;
  });
  return { reached, settle };
}

function isNotFound(error: Error): boolean {
  return 'code' in error && error.code === 404;
}
