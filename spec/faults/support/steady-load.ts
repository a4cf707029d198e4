import { Agent } from 'node:https';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../support/until.ts';
import { echoOf, type FaultOrigin } from './fault-origin.ts';
import { PatternReader, patternPiece } from './pattern.ts';
import { callAsUser, type Outcome } from './user-call.ts';

const REQUESTS_PER_SECOND = 50;
/** Of each kind: enough that every one of two connectors has some. */
const STREAMS = 4;
const WARM_DEADLINE_MS = 15_000;
const WARM_REQUESTS = 20;
const UPLOAD_PIECE_BYTES = 8 * 1024;
const UPLOAD_EVERY_MS = 20;
/** Everything in flight ends by itself within this time of the end of the load. */
const END_DEADLINE_MS = 45_000;

export type Sample = {
  readonly id: string;
  readonly method: 'GET' | 'POST';
  /** Milliseconds of `performance.now()`. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outcome: Outcome;
};

export type StreamKind = 'download' | 'upload' | 'events';

export type StreamEnd = {
  readonly kind: StreamKind;
  readonly outcome: Outcome;
  readonly endedAt: number;
};

export type LoadReport = {
  readonly samples: readonly Sample[];
  readonly streams: readonly StreamEnd[];
  /** The longest time this process stood still: what it measured is no better than that. */
  readonly longestStallMs: number;
};

export type SteadyLoad = {
  /** Streams that have not ended. */
  readonly openStreams: () => number;
  readonly samples: readonly Sample[];
  /** Stops asking, lets the streams end as they should, and waits for everything. */
  end(): Promise<LoadReport>;
};

export type LoadOptions = {
  readonly url: string;
  readonly ca: string;
  readonly origin: FaultOrigin;
  /** Whether small requests use connections again. Default true. */
  readonly keepAlive?: boolean;
  /** Default true. */
  readonly withStreams?: boolean;
};

let loads = 0;

/**
 * 50 small requests a second, GET and POST in turn, beside downloads, uploads and event streams that run until the end.
 * Resolves when all of it flows.
 */
export async function startSteadyLoad(options: LoadOptions): Promise<SteadyLoad> {
  loads += 1;
  const load = new Load(options, `l${loads}`);
  load.start();
  await load.whenWarm();
  return load;
}

class Load implements SteadyLoad {
  readonly samples: Sample[] = [];
  readonly #options: LoadOptions;
  readonly #name: string;
  readonly #agent: Agent | undefined;
  readonly #running = new Set<Promise<unknown>>();
  readonly #streams: StreamEnd[] = [];
  readonly #flowing = new Set<string>();
  readonly #stalls = monitorEventLoopDelay({ resolution: 10 });
  #opened = 0;
  #asked = 0;
  #isEnding = false;

  constructor(options: LoadOptions, name: string) {
    this.#options = options;
    this.#name = name;
    if (options.keepAlive !== false) this.#agent = new Agent({ keepAlive: true, maxSockets: 64 });
  }

  openStreams(): number {
    return this.#opened - this.#streams.length;
  }

  start(): void {
    this.#stalls.enable();
    this.#track(this.#ask());
    if (this.#options.withStreams === false) return;
    for (let index = 0; index < STREAMS; index += 1) {
      this.#openStream('download', index);
      this.#openStream('upload', index);
      this.#openStream('events', index);
    }
  }

  async whenWarm(): Promise<void> {
    const isWarm = () =>
      this.#flowing.size === this.#opened &&
      this.samples.filter(({ outcome }) => outcome.kind === 'answered').length >= WARM_REQUESTS;
    await until(isWarm, { deadlineMs: WARM_DEADLINE_MS, what: `load flows (${this.#flowing.size} streams)` });
  }

  async end(): Promise<LoadReport> {
    this.#isEnding = true;
    this.#options.origin.finish();
    const isOver = () => this.#running.size === 0;
    await until(isOver, { deadlineMs: END_DEADLINE_MS, what: `${this.#running.size} exchanges of the load end` });
    this.#agent?.destroy();
    this.#stalls.disable();
    const longestStallMs = Math.round(this.#stalls.max / 1e6);
    return { samples: this.samples, streams: this.#streams, longestStallMs };
  }

  async #ask(): Promise<void> {
    const firstAt = performance.now();
    while (!this.#isEnding) {
      this.#asked += 1;
      this.#track(this.#askOnce(`${this.#name}-${this.#asked}`, this.#asked % 4 < 2 ? 'GET' : 'POST'));
      const dueAt = firstAt + (this.#asked * 1000) / REQUESTS_PER_SECOND;
      await delay(Math.max(0, dueAt - performance.now()));
    }
  }

  async #askOnce(id: string, method: Sample['method']): Promise<void> {
    const startedAt = performance.now();
    const expected = echoOf(id);
    const outcome = await callAsUser({
      url: new URL(`echo/${id}`, this.#options.url).href,
      ca: this.#options.ca,
      ...(this.#agent === undefined ? {} : { agent: this.#agent }),
      method,
      ...(method === 'POST' ? { send: (sending) => sending.end(`body of ${id}`) } : {}),
      judge: (body) => (body === expected ? undefined : `answer of ${id} is ${body.slice(0, 40)}`),
    });
    this.samples.push({ id, method, startedAt, endedAt: performance.now(), outcome });
  }

  #openStream(kind: StreamKind, index: number): void {
    const id = `${this.#name}-${kind}-${index}`;
    this.#opened += 1;
    const ended = this.#runStream(kind, id).then((outcome) => {
      this.#streams.push({ kind, outcome, endedAt: performance.now() });
    });
    this.#track(ended);
  }

  #runStream(kind: StreamKind, id: string): Promise<Outcome> {
    const flows = () => this.#flowing.add(id);
    switch (kind) {
      case 'download':
        return this.#download(flows);
      case 'upload':
        return this.#upload(id, flows);
      case 'events':
        return this.#listen(flows);
      default:
        return kind satisfies never;
    }
  }

  #url(path: string): { readonly url: string; readonly ca: string } {
    return { url: new URL(path, this.#options.url).href, ca: this.#options.ca };
  }

  async #download(flows: () => void): Promise<Outcome> {
    const reader = new PatternReader();
    const outcome = await callAsUser({
      ...this.#url('download'),
      timeoutMs: 120_000,
      onData: (chunk) => {
        flows();
        reader.read(chunk);
      },
      // The origin ends only when it is told to: an end before that is a truncated answer that looks whole.
      judge: () => (this.#isEnding ? undefined : `download ended after ${reader.bytes} bytes as if it were whole`),
    });
    return reader.isIntact ? outcome : { kind: 'wrong', what: `download is damaged within ${reader.bytes} bytes` };
  }

  async #upload(id: string, flows: () => void): Promise<Outcome> {
    let sent = 0;
    let timer: NodeJS.Timeout | undefined;
    const outcome = await callAsUser({
      ...this.#url(`upload/${id}`),
      method: 'POST',
      timeoutMs: 120_000,
      send: (sending) => {
        timer = setInterval(() => {
          if (this.#isEnding) {
            clearInterval(timer);
            sending.end();
          } else if (!sending.writableNeedDrain) {
            sending.write(patternPiece(sent, UPLOAD_PIECE_BYTES));
            sent += UPLOAD_PIECE_BYTES;
            if (sent > 4 * UPLOAD_PIECE_BYTES) flows();
          }
        }, UPLOAD_EVERY_MS);
      },
      judge: (body) =>
        body === JSON.stringify({ bytes: sent, isIntact: true }) ? undefined : `of ${sent} bytes arrived ${body}`,
    });
    clearInterval(timer);
    const seen = this.#options.origin.uploads.get(id);
    if (seen && !seen.isIntact)
      return { kind: 'wrong', what: `the origin got a damaged upload of ${seen.bytes} bytes` };
    if (seen?.end === 'whole' && seen.bytes !== sent)
      return { kind: 'wrong', what: `the origin took ${seen.bytes} of ${sent} bytes for the whole upload` };
    return outcome;
  }

  async #listen(flows: () => void): Promise<Outcome> {
    let next = 0;
    let rest = '';
    let damage: string | undefined;
    const outcome = await callAsUser({
      ...this.#url('events'),
      timeoutMs: 120_000,
      onData: (chunk) => {
        flows();
        const lines = `${rest}${chunk.toString('latin1')}`.split('\n\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          if (line !== `data: ${next}`) damage ??= `event ${next} is ${line}`;
          next += 1;
        }
      },
      judge: () => (this.#isEnding ? undefined : `events ended after ${next} as if that were all`),
    });
    return damage === undefined ? outcome : { kind: 'wrong', what: damage };
  }

  #track(promise: Promise<unknown>): void {
    this.#running.add(promise);
    void promise.finally(() => this.#running.delete(promise));
  }
}
