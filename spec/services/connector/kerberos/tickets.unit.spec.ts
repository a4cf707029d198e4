import { expect } from 'chai';
import { afterEach, describe, it } from 'mocha';
import {
  MAX_NEW_TICKETS_AT_ONCE,
  MAX_NEW_TICKETS_PER_SERVICE,
  MAX_NEW_TICKETS_PER_USER,
  SERVICE_REST_MS,
  SILENCES_BEFORE_REST,
} from '../../../../services/connector/src/origins/kerberos/new-ticket-bounds.ts';
import type {
  TicketAnswer,
  TicketQuestion,
} from '../../../../services/connector/src/origins/kerberos/ticket-messages.ts';
import {
  MAX_TICKETS_AT_ONCE,
  type TicketProcessEvents,
} from '../../../../services/connector/src/origins/kerberos/ticket-process.ts';
import {
  MAX_WAITING_PER_USER,
  MAX_WAITING_TICKETS,
} from '../../../../services/connector/src/origins/kerberos/ticket-queues.ts';
import {
  createTickets,
  type Tickets,
  type TicketsOptions,
} from '../../../../services/connector/src/origins/kerberos/tickets.ts';
import { until } from '../../../support/until.ts';
import { silentLogger } from '../origin-world.ts';

/** Takes questions and answers only when told. */
class FakeProcess {
  readonly asked: TicketQuestion[] = [];
  isKilled = false;
  readonly events: TicketProcessEvents;

  constructor(events: TicketProcessEvents) {
    this.events = events;
  }

  ask(question: TicketQuestion): void {
    this.asked.push(question);
  }

  kill(): void {
    if (this.isKilled) return;
    this.isKilled = true;
    setImmediate(() => this.events.onEnd('signal SIGKILL'));
  }

  ready(): void {
    this.events.onMessage({ kind: 'ready' });
  }

  answer(at: number, keptForMs = 600_000): void {
    const id = this.asked[at]?.id ?? -1;
    this.events.onMessage({ kind: 'answer', id, answer: { kind: 'token', token: `t${id}`, keptForMs } });
  }
}

describe('tickets from the process that asks for them', () => {
  let tickets: Tickets | undefined;
  let processes: FakeProcess[] = [];
  const delays: number[] = [];

  const create = (more: Partial<TicketsOptions> = {}) => {
    processes = [];
    delays.length = 0;
    tickets = createTickets({
      launch: (events) => {
        const one = new FakeProcess(events);
        processes.push(one);
        return one;
      },
      logger: silentLogger,
      policy: {
        nextDelayMs: (livedMs) => {
          delays.push(livedMs);
          return 30;
        },
      },
      ...more,
    });
    return tickets;
  };
  const started = () => {
    const made = create();
    made.prepare();
    processes[0]?.ready();
    return made;
  };
  afterEach(async () => {
    await tickets?.stop();
  });

  const of = (user: string, service = 'HTTP/wiki') => ({
    user: { text: user, kind: 'account' as const },
    service: { text: service, kind: 'account' as const },
    mechanism: 'spnego' as const,
  });
  const textOf = (answer: TicketAnswer) => (answer.kind === 'refused' ? answer.text : answer.token);

  it('start nothing until one is asked for', () => {
    create();
    expect(processes).to.have.length(0);
  });

  it('wait for the process to be ready, and are given to whoever asked', async () => {
    const made = create();
    const both = [made.ask(of('alice')), made.ask(of('bob'))];
    expect(processes[0]?.asked).to.have.length(0);
    processes[0]?.ready();
    processes[0]?.answer(1);
    processes[0]?.answer(0);
    expect((await Promise.all(both)).map(textOf)).to.deep.equal(['t1', 't2']);
  });

  it('are asked for new users only so many at once, and for kept ones beside them', async () => {
    const made = started();
    const [first] = processes;
    const known = made.ask(of('kept'));
    first?.answer(0);
    await known;
    for (let i = 0; i < 40; i += 1) void made.ask(of(`new${i}`, `HTTP/${i}`));
    expect(first?.asked).to.have.length(1 + MAX_NEW_TICKETS_AT_ONCE);
    for (let i = 0; i < 40; i += 1) void made.ask(of('kept'));
    expect(first?.asked).to.have.length(1 + MAX_TICKETS_AT_ONCE);
    expect(first?.asked.at(-1)?.user.text).to.equal('kept');
  });

  it('are refused at once when too many wait', async () => {
    const made = create();
    for (let i = 0; i < MAX_WAITING_TICKETS; i += 1) void made.ask(of(`user${i}`));
    expect(textOf(await made.ask(of('one more')))).to.include('1000 requests wait');
  });

  it('are asked for once for a user and a service; who comes meanwhile shares a refusal, or is kept then', async () => {
    const made = started();
    const [first] = processes;
    const three = Array.from({ length: 3 }, () => made.ask(of('alice')));
    expect(first?.asked).to.have.length(1);
    first?.answer(0);
    expect(first?.asked).to.have.length(3);
    for (const at of [1, 2]) first?.answer(at);
    expect(new Set((await Promise.all(three)).map(textOf)).size).to.equal(3);
    const two = Array.from({ length: 2 }, () => made.ask(of('bob')));
    expect(first?.asked).to.have.length(4);
    const answer = { kind: 'refused', about: 'user', text: 'unknown' } as const;
    first?.events.onMessage({ kind: 'answer', id: first.asked[3]?.id ?? -1, answer });
    expect((await Promise.all(two)).map(textOf)).to.deep.equal(['unknown', 'unknown']);
  });

  it('are asked for one user, and for one service, only so many at once, and others have their places', async () => {
    const made = started();
    const asked = () => processes[0]?.asked ?? [];
    for (let i = 0; i < 20; i += 1) void made.ask(of('mallory', `HTTP/${i}`));
    expect(asked()).to.have.length(MAX_NEW_TICKETS_PER_USER);
    for (let i = 0; i < 20; i += 1) void made.ask(of(`user${i}`, 'HTTP/dead'));
    expect(asked()).to.have.length(MAX_NEW_TICKETS_PER_USER + MAX_NEW_TICKETS_PER_SERVICE);
    void made.ask(of('alice'));
    expect(asked().at(-1)?.user.text).to.equal('alice');
  });

  it('wait for one user only so many, and those of others are served meanwhile', async () => {
    const made = started();
    const known = made.ask(of('alice'));
    processes[0]?.answer(0);
    await known;
    for (let i = 0; i < MAX_WAITING_PER_USER + 1; i += 1) void made.ask(of('mallory', 'HTTP/dead'));
    expect(textOf(await made.ask(of('mallory')))).to.equal('200 requests of mallory wait for the KDC already');
    for (let i = 0; i < MAX_WAITING_TICKETS; i += 1) void made.ask(of(`user${i}`, 'HTTP/dead'));
    expect(textOf(await made.ask(of('bob')))).to.include('1000 requests wait');
    const again = made.ask(of('alice'));
    processes[0]?.answer((processes[0]?.asked.length ?? 0) - 1);
    expect((await again).kind).to.equal('token');
  });

  it('rest for new users of a service that was silent for several, and are asked for again after it', async () => {
    let nowMs = 1_000_000;
    const made = create({ deadlineMs: 20, nowMs: () => nowMs });
    made.prepare();
    processes[0]?.ready();
    await Promise.all(Array.from({ length: 4 }, () => made.ask(of('mallory', 'HTTP/dead'))));
    const silent = Array.from({ length: SILENCES_BEFORE_REST - 1 }, (_, i) => made.ask(of(`user${i}`, 'HTTP/dead')));
    await Promise.all(silent);
    const [before] = [processes[0]?.asked.length];
    expect(textOf(await made.ask(of('alice', 'HTTP/dead')))).to.include('did not answer for HTTP/dead lately');
    expect(processes[0]?.asked).to.have.length(before ?? -1);
    void made.ask(of('alice'));
    nowMs += SERVICE_REST_MS;
    void made.ask(of('alice', 'HTTP/dead'));
    const services = () => processes[0]?.asked.slice(before).map(({ service }) => service.text);
    expect(services()).to.deep.equal(['HTTP/wiki', 'HTTP/dead']);
  });

  it('rest no longer than until the domain answers one of those that were under way', async () => {
    const made = create({ deadlineMs: 20 });
    made.prepare();
    processes[0]?.ready();
    await Promise.all(Array.from({ length: SILENCES_BEFORE_REST }, (_, i) => made.ask(of(`user${i}`))));
    expect(textOf(await made.ask(of('alice')))).to.include('lately');
    const answer = { kind: 'refused', about: 'user', text: 'unknown' } as const;
    processes[0]?.events.onMessage({ kind: 'answer', id: processes[0].asked[0]?.id ?? -1, answer });
    void made.ask(of('alice'));
    expect(processes[0]?.asked.at(-1)?.user.text).to.equal('alice');
  });

  it('are refused after the deadline, naming user and service; a late answer frees the place', async () => {
    const made = create({ deadlineMs: 20 });
    const asked = made.ask(of('alice'));
    processes[0]?.ready();
    expect(textOf(await asked)).to.equal('alice to HTTP/wiki: the KDC did not answer within 20 ms');
    for (let i = 0; i < MAX_NEW_TICKETS_AT_ONCE; i += 1) void made.ask(of(`user${i}`, `HTTP/${i}`));
    expect(processes[0]?.asked).to.have.length(MAX_NEW_TICKETS_AT_ONCE);
    processes[0]?.answer(0);
    expect(processes[0]?.asked).to.have.length(MAX_NEW_TICKETS_AT_ONCE + 1);
  });

  it('say so when no turn came before the deadline', async () => {
    const made = create({ deadlineMs: 20 });
    expect(textOf(await made.ask(of('alice')))).to.include('no turn came to ask the KDC within 20 ms');
  });

  it('end a process that leaves a question unanswered for too long, and start another', async () => {
    const made = create({ deadlineMs: 10, stuckMs: 30 });
    const asked = made.ask(of('alice'));
    processes[0]?.ready();
    await asked;
    await until(() => processes[0]?.isKilled === true);
    await made.ask(of('alice'));
    await until(() => processes.length === 2);
  });

  it('under way are refused when the process ends; those that wait are asked by the next one', async () => {
    const made = started();
    const lost = Array.from({ length: MAX_NEW_TICKETS_AT_ONCE }, (_, i) => made.ask(of(`user${i}`, `HTTP/${i}`)));
    const waiting = made.ask(of('alice'));
    processes[0]?.kill();
    expect(new Set((await Promise.all(lost)).map(textOf))).to.deep.equal(
      new Set(['the kerberos ticket process ended: signal SIGKILL']),
    );
    await until(() => processes.length === 2);
    processes[1]?.ready();
    processes[1]?.answer(0);
    expect((await waiting).kind).to.equal('token');
    expect(delays).to.have.length(1);
  });

  it('are refused with what is missing on the host, without a new start for each request', async () => {
    const made = create({ policy: { nextDelayMs: (livedMs) => delays.push(livedMs) * 60_000 } });
    const asked = made.ask(of('alice'));
    processes[0]?.events.onMessage({ kind: 'unusable', text: 'install libgssapi-krb5-2' });
    expect(processes[0]?.isKilled).to.equal(true);
    expect(textOf(await asked)).to.equal('install libgssapi-krb5-2');
    expect(delays, 'before its end').to.have.length(0);
    expect(textOf(await made.ask(of('alice')))).to.equal('install libgssapi-krb5-2');
    await until(() => delays.length === 1);
    expect(textOf(await made.ask(of('alice')))).to.equal('install libgssapi-krb5-2');
    expect(processes).to.have.length(1);
  });

  it('are refused when the connector stops, and its process is ended', async () => {
    const made = started();
    const asked = made.ask(of('alice'));
    await made.stop();
    expect(textOf(await asked)).to.equal('the connector stops');
    expect(processes[0]?.isKilled).to.equal(true);
    expect(textOf(await made.ask(of('alice')))).to.equal('the connector stops');
    await made.stop();
  });
});
