import { LRUCache } from 'lru-cache';
import type { Logger } from '#libs/telemetry';
import { createRestartPolicy, type RestartPolicy } from '../../supervisor/restart-policy.ts';
import { NewTicketBounds, SERVICE_REST_MS } from './new-ticket-bounds.ts';
import type { ProcessMessage, TicketAnswer, TicketQuestion } from './ticket-messages.ts';
import { type LaunchTicketProcess, MAX_TICKETS_AT_ONCE, type TicketProcess } from './ticket-process.ts';
import { TicketQueues } from './ticket-queues.ts';

/**
 * How long a request waits for its token, milliseconds, the start of the process and its turn included. The library itself would wait
 * 27 s for a KDC that is silent.
 */
export const TICKET_DEADLINE_MS = 5_000;
/** A process with a question unanswered for so long is ended, milliseconds: longer than any silence of KDCs. */
export const STUCK_PROCESS_MS = 60_000;
/** A process that is not ready in this time is ended, milliseconds. */
export const PROCESS_START_MS = 10_000;
/** Users and services remembered as kept by the process; another one counts as new. */
const MAX_REMEMBERED_AS_KEPT = 4_000;

export type TicketRequest = Omit<TicketQuestion, 'id'>;

export type Tickets = {
  /** A token for one request. Never rejects; answers within TICKET_DEADLINE_MS. */
  ask(request: TicketRequest): Promise<TicketAnswer>;
  /** Starts the process ahead of the first request, so that the log tells what is missing on the host. */
  prepare(): void;
  /** Ends the process; what waits is refused. Safe to call twice. */
  stop(): Promise<void>;
};

export type TicketsOptions = {
  readonly launch: LaunchTicketProcess;
  readonly logger: Logger;
  readonly policy?: RestartPolicy;
  /** Default TICKET_DEADLINE_MS. */
  readonly deadlineMs?: number;
  /** Default STUCK_PROCESS_MS. */
  readonly stuckMs?: number;
  /** Default Date.now. */
  readonly nowMs?: () => number;
};

type Waiting = {
  readonly question: TicketQuestion;
  readonly key: string;
  /** Undefined once the deadline has passed: nobody waits for the answer any more. */
  settle: ((answer: TicketAnswer) => void) | undefined;
  timer: NodeJS.Timeout | undefined;
  /** Whether it may need a KDC, when it was put into a queue. */
  isNew: boolean;
};

/** Asks one process at a time, and starts another when it has ended: at the next request, with growing pauses. */
export function createTickets(options: TicketsOptions): Tickets {
  return new TicketDesk(options);
}

class TicketDesk implements Tickets {
  readonly #options: TicketsOptions;
  readonly #policy: RestartPolicy;
  readonly #queues = new TicketQueues<Waiting>();
  readonly #new: NewTicketBounds;
  readonly #asked = new Map<number, Waiting>();
  readonly #keptUntilMs = new LRUCache<string, number>({ max: MAX_REMEMBERED_AS_KEPT });
  #process: TicketProcess | undefined;
  #isReady = false;
  #startedAtMs = 0;
  #startTimer: NodeJS.Timeout | undefined;
  #restartTimer: NodeJS.Timeout | undefined;
  #mayStartAtMs = 0;
  /** Why the last process could not be used, as long as none may be started again. */
  #unusable: string | undefined;
  #lastId = 0;
  #isStopped = false;
  #onEnd: (() => void) | undefined;

  constructor(options: TicketsOptions) {
    this.#options = options;
    this.#policy = options.policy ?? createRestartPolicy();
    this.#new = new NewTicketBounds(options.nowMs ?? Date.now);
  }

  ask(request: TicketRequest): Promise<TicketAnswer> {
    if (this.#isStopped) return Promise.resolve(ofDomain('the connector stops'));
    if (this.#unusable !== undefined && (this.#process !== undefined || Date.now() < this.#mayStartAtMs))
      return Promise.resolve(ofDomain(this.#unusable));
    const key = `${request.user.kind} ${request.user.text} ${request.service.text}`;
    const isNew = (this.#keptUntilMs.get(key) ?? 0) <= Date.now();
    const problem = this.#queues.noRoom({ question: request, isNew });
    if (problem !== undefined) return Promise.resolve(ofDomain(problem));
    if (isNew && this.#new.rests(request)) return Promise.resolve(ofDomain(resting(request)));
    return new Promise((resolve) => {
      this.#lastId += 1;
      const question = { id: this.#lastId, ...request };
      const waiting: Waiting = { question, key, settle: resolve, timer: undefined, isNew };
      waiting.timer = setTimeout(() => this.#giveUp(waiting), this.#options.deadlineMs ?? TICKET_DEADLINE_MS);
      this.#queues.add(waiting);
      this.#startWhenDue();
      this.#pump();
    });
  }

  prepare(): void {
    if (!this.#isStopped) this.#startWhenDue();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#restartTimer);
    this.#refuseAll('the connector stops');
    const running = this.#process;
    if (running === undefined) return;
    const ended = new Promise<void>((resolve) => {
      const before = this.#onEnd;
      this.#onEnd = () => {
        before?.();
        resolve();
      };
    });
    running.kill();
    await ended;
  }

  #startWhenDue(): void {
    if (this.#process !== undefined || this.#restartTimer !== undefined) return;
    const waitMs = this.#mayStartAtMs - Date.now();
    if (waitMs <= 0) this.#start();
    else
      this.#restartTimer = setTimeout(() => {
        this.#restartTimer = undefined;
        this.#start();
      }, waitMs);
  }

  #start(): void {
    const { launch } = this.#options;
    this.#unusable = undefined;
    this.#isReady = false;
    this.#startedAtMs = Date.now();
    const launched: TicketProcess = launch({
      onMessage: (message) => this.#onMessage(message),
      onEnd: (how) => this.#onProcessEnd(how),
    });
    this.#process = launched;
    this.#startTimer = setTimeout(() => launched.kill(), PROCESS_START_MS);
  }

  #onMessage(message: ProcessMessage): void {
    switch (message.kind) {
      case 'ready':
        clearTimeout(this.#startTimer);
        this.#isReady = true;
        this.#options.logger.info('kerberos ticket process ready', {});
        this.#pump();
        break;
      case 'unusable':
        this.#unusable = message.text;
        this.#isReady = false;
        this.#process?.kill();
        this.#options.logger.error('no kerberos tickets on this host', { text: message.text });
        this.#refuseAll(message.text);
        break;
      case 'answer':
        this.#onAnswer(message.id, message.answer);
        break;
      default:
        message satisfies never;
    }
  }

  #onAnswer(id: number, answer: TicketAnswer): void {
    const asked = this.#asked.get(id);
    if (asked === undefined) return;
    this.#asked.delete(id);
    if (asked.isNew) this.#new.ended(asked.question);
    if (answer.kind === 'token') this.#keptUntilMs.set(asked.key, Date.now() + answer.keptForMs);
    else this.#keptUntilMs.delete(asked.key);
    if (asked.isNew) this.#answerFollowers(asked, answer);
    this.#settle(asked, answer);
    this.#pump();
  }

  /** Those who waited for the answer to the same: a refusal is theirs too, with a ticket they are asked for as kept ones. */
  #answerFollowers({ key, question }: Waiting, answer: TicketAnswer): void {
    if (answer.kind === 'token' || answer.about !== 'domain') this.#new.answered(question);
    for (const follower of this.#queues.takeNew((waiting) => waiting.key === key)) {
      if (answer.kind === 'refused') this.#settle(follower, answer);
      else {
        follower.isNew = answer.keptForMs <= 0;
        this.#queues.add(follower);
      }
    }
  }

  #onProcessEnd(how: string): void {
    const livedMs = Date.now() - this.#startedAtMs;
    clearTimeout(this.#startTimer);
    this.#process = undefined;
    this.#isReady = false;
    this.#new.clear();
    this.#keptUntilMs.clear();
    const lost = [...this.#asked.values()];
    this.#asked.clear();
    for (const waiting of lost) this.#settle(waiting, ofDomain(`the kerberos ticket process ended: ${how}`));
    this.#mayStartAtMs = Date.now() + this.#policy.nextDelayMs(livedMs);
    this.#onEnd?.();
    if (this.#isStopped) return;
    if (this.#unusable === undefined)
      this.#options.logger.error('kerberos ticket process ended', { how, livedMs, lost: lost.length });
    if (this.#queues.size > 0) this.#startWhenDue();
  }

  /** Asks what may be asked now: kept ones first, new ones within their bounds. */
  #pump(): void {
    if (!this.#isReady || this.#process === undefined) return;
    for (;;) {
      if (this.#asked.size >= MAX_TICKETS_AT_ONCE) return;
      const next = this.#queues.next(!this.#new.isFull, (waiting) => this.#new.mayStart(waiting.question));
      if (next === undefined) return;
      this.#queues.remove(next);
      if (next.isNew) this.#new.started(next.question);
      this.#asked.set(next.question.id, next);
      this.#process.ask(next.question);
    }
  }

  /** Its place in the process stays taken until that answers. */
  #giveUp(waiting: Waiting): void {
    const { deadlineMs = TICKET_DEADLINE_MS, stuckMs = STUCK_PROCESS_MS } = this.#options;
    this.#queues.remove(waiting);
    const { user, service } = waiting.question;
    const isAsked = this.#asked.has(waiting.question.id);
    const what = isAsked ? 'the KDC did not answer' : 'no turn came to ask the KDC';
    this.#settle(waiting, ofDomain(`${user.text} to ${service.text}: ${what} within ${deadlineMs} ms`));
    if (!isAsked) return;
    if (waiting.isNew && this.#new.silent(waiting.question)) this.#rest(waiting);
    const stuck = this.#process;
    waiting.timer = setTimeout(() => {
      if (stuck !== this.#process || !this.#asked.has(waiting.question.id)) return;
      // What comes from now on waits for the next one.
      this.#isReady = false;
      stuck?.kill();
    }, stuckMs - deadlineMs);
    waiting.timer.unref();
  }

  /** New users of the service are refused at once, for a while: others shall have their places. */
  #rest({ question }: Waiting): void {
    const text = resting(question);
    this.#options.logger.warn('no new kerberos tickets for a while', { service: question.service.text, text });
    const isOfService = ({ question: { service } }: Waiting) => service.text === question.service.text;
    for (const other of this.#queues.takeNew(isOfService)) this.#settle(other, ofDomain(text));
  }

  #refuseAll(text: string): void {
    const all = [...this.#queues.takeAll(), ...this.#asked.values()];
    this.#asked.clear();
    this.#new.clear();
    for (const waiting of all) this.#settle(waiting, ofDomain(text));
  }

  #settle(waiting: Waiting, answer: TicketAnswer): void {
    clearTimeout(waiting.timer);
    waiting.settle?.(answer);
    waiting.settle = undefined;
  }
}

function resting({ service }: TicketRequest): string {
  return `the KDC did not answer for ${service.text} lately: it is asked again within ${SERVICE_REST_MS} ms`;
}

function ofDomain(text: string): TicketAnswer {
  return { kind: 'refused', about: 'domain', text };
}
