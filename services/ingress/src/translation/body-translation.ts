import type { Transform } from 'node:stream';
import { SallyportError } from '#libs/errors';
import type { BodyPlan } from './body-plan.ts';
import { isWideText } from './charset.ts';
import { type ContentCoding, createDecoder, createEncoder, type Flushable } from './content-coding.ts';
import { CssTranslator } from './css-translator.ts';
import { HtmlTranslator } from './html-translator.ts';
import type { PageLinks } from './links.ts';

/** None of them is called after `destroy`, nor after `onEnd` or `onError`. They may call `pause` and `destroy`. */
export type BodyTranslationHandlers = {
  onData(chunk: Uint8Array): void;
  /** After `write` answered false: bytes can be taken again. */
  onDrain(): void;
  onEnd(): void;
  /** The body cannot be read to its end: the user's connection must be cut, so that nobody takes it for whole. */
  onError(error: SallyportError): void;
};

/** One body on its way through translation. */
export type BodyTranslation = {
  /** Takes the chunk in any case. False: wait for `onDrain`. */
  write(chunk: Uint8Array): boolean;
  end(): void;
  /** No `onData` and no `onEnd` until `resume`. */
  pause(): void;
  resume(): void;
  /** Frees everything. Safe to call twice. */
  destroy(): void;
};

/**
 * Translates the links of one body. Memory does not depend on its size: one chunk, a tag or URL of at most 64 KiB, the
 * windows of the coding. What the origin sent leaves within a turn of the event loop, compressed bodies included, except
 * for a tag or URL that has not ended.
 */
export function startBodyTranslation(
  plan: BodyPlan,
  links: PageLinks,
  handlers: BodyTranslationHandlers,
): BodyTranslation {
  const text = new TextTranslator(plan, links);
  return plan.coding === 'identity'
    ? new PlainTranslation(text, handlers)
    : new CodedTranslation(text, plan.coding, handlers);
}

/** Bytes in, bytes out; HTML or CSS, unless a byte order mark says that this cannot be read. */
class TextTranslator {
  readonly #translator: { write(text: string): string; end(): string };
  #start: string | undefined = '';
  #isUnreadable = false;

  constructor(plan: BodyPlan, links: PageLinks) {
    const { charset, isCharsetKnown } = plan;
    this.#translator =
      plan.type === 'html'
        ? new HtmlTranslator({ links, charset, isCharsetKnown })
        : new CssTranslator({ links, isLeadByte: charset.isLeadByte });
  }

  /** Gives the chunk itself where nothing changes. */
  write(chunk: Uint8Array): Uint8Array {
    if (this.#isUnreadable) return chunk;
    const buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let text = buffer.toString('latin1');
    if (this.#start !== undefined) {
      text = this.#start + text;
      this.#start = undefined;
      const first = text.charCodeAt(0);
      if (text.length < 2 && (text === '' || first >= 0xfe)) {
        this.#start = text;
        return new Uint8Array(0);
      }
      this.#isUnreadable = isWideText(first, text.charCodeAt(1));
      if (this.#isUnreadable) return Buffer.from(text, 'latin1');
    }
    const out = this.#translator.write(text);
    return out.length === buffer.length && out === text ? chunk : Buffer.from(out, 'latin1');
  }

  end(): Uint8Array {
    if (this.#isUnreadable) return new Uint8Array(0);
    return Buffer.from((this.#start ?? '') + this.#translator.end(), 'latin1');
  }
}

/** A body that is not compressed: translated at once. Holds what was written while paused, which `write` tells. */
class PlainTranslation implements BodyTranslation {
  readonly #text: TextTranslator;
  readonly #handlers: BodyTranslationHandlers;
  readonly #waiting: Uint8Array[] = [];
  #isPaused = false;
  #isEnded = false;
  #isOver = false;
  #mustDrain = false;

  constructor(text: TextTranslator, handlers: BodyTranslationHandlers) {
    this.#text = text;
    this.#handlers = handlers;
  }

  write(chunk: Uint8Array): boolean {
    if (this.#isOver) return true;
    this.#give(this.#text.write(chunk));
    this.#mustDrain = this.#isPaused;
    return !this.#isPaused;
  }

  end(): void {
    if (this.#isOver || this.#isEnded) return;
    this.#isEnded = true;
    this.#give(this.#text.end());
    this.#finish();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (this.#isOver || !this.#isPaused) return;
    this.#isPaused = false;
    while (!this.#isPaused && !this.#isOver) {
      const chunk = this.#waiting.shift();
      if (!chunk) break;
      this.#handlers.onData(chunk);
    }
    if (this.#isPaused || this.#isOver) return;
    this.#finish();
    if (this.#isOver || !this.#mustDrain) return;
    this.#mustDrain = false;
    this.#handlers.onDrain();
  }

  destroy(): void {
    this.#isOver = true;
    this.#waiting.length = 0;
  }

  #give(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    if (this.#isPaused) this.#waiting.push(chunk);
    else this.#handlers.onData(chunk);
  }

  #finish(): void {
    if (!this.#isEnded || this.#isPaused || this.#isOver) return;
    this.#isOver = true;
    this.#handlers.onEnd();
  }
}

/** A compressed body: taken apart, translated, put together again. */
class CodedTranslation implements BodyTranslation {
  readonly #text: TextTranslator;
  readonly #coding: Exclude<ContentCoding, 'identity'>;
  readonly #handlers: BodyTranslationHandlers;
  #decoder: Transform | undefined;
  #encoder: Flushable | undefined;
  #flushKind = 0;
  #isPaused = false;
  #isOver = false;
  /** Something waits in the compressor. */
  #hasUnflushed = false;
  #isFlushPlanned = false;

  constructor(text: TextTranslator, coding: Exclude<ContentCoding, 'identity'>, handlers: BodyTranslationHandlers) {
    this.#text = text;
    this.#coding = coding;
    this.#handlers = handlers;
  }

  write(chunk: Uint8Array): boolean {
    if (this.#isOver || chunk.length === 0) return true;
    this.#decoder ??= this.#start(chunk[0] ?? 0);
    return this.#decoder.write(chunk, this.#onTaken);
  }

  end(): void {
    if (this.#isOver) return;
    if (this.#decoder) this.#decoder.end();
    else {
      // Not a byte came, as some origins do for an empty body: no decoder would take that.
      this.#isOver = true;
      this.#handlers.onEnd();
    }
  }

  pause(): void {
    this.#isPaused = true;
    this.#encoder?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#encoder?.resume();
  }

  destroy(): void {
    this.#isOver = true;
    this.#decoder?.destroy();
    this.#encoder?.destroy();
  }

  #start(first: number): Transform {
    const decoder = createDecoder(this.#coding, first);
    const [encoder, flushKind] = createEncoder(this.#coding, first);
    this.#encoder = encoder;
    this.#flushKind = flushKind;
    const fail = (error: Error) => this.#fail(error);
    decoder.on('error', fail);
    encoder.on('error', fail);
    decoder.on('data', (chunk: Buffer) => this.#compress(this.#text.write(chunk)));
    decoder.on('end', () => {
      if (!this.#isOver) encoder.end(this.#text.end());
    });
    decoder.on('drain', () => {
      if (!this.#isOver) this.#handlers.onDrain();
    });
    encoder.on('drain', () => decoder.resume());
    encoder.on('data', (chunk: Buffer) => {
      if (!this.#isOver) this.#handlers.onData(chunk);
    });
    encoder.on('end', () => this.#finish());
    if (this.#isPaused) encoder.pause();
    return decoder;
  }

  #compress(text: Uint8Array): void {
    const encoder = this.#encoder;
    if (!encoder || this.#isOver || text.length === 0) return;
    this.#hasUnflushed = true;
    if (!encoder.write(text)) this.#decoder?.pause();
  }

  /** What arrived is decoded. When nothing follows in this turn, the user gets all of it now. */
  readonly #onTaken = (): void => {
    if (this.#isFlushPlanned || this.#isOver) return;
    this.#isFlushPlanned = true;
    setImmediate(flushQuiet, this);
  };

  flushQuiet(): void {
    this.#isFlushPlanned = false;
    if (this.#isOver || !this.#hasUnflushed || !this.#decoder || !this.#encoder) return;
    // More is being decoded: its own end will plan this again.
    if (this.#decoder.writableLength > 0 || this.#decoder.writableEnded) return;
    this.#hasUnflushed = false;
    this.#encoder.flush(this.#flushKind);
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#handlers.onEnd();
  }

  #fail(cause: Error): void {
    if (this.#isOver) return;
    this.destroy();
    this.#handlers.onError(
      new SallyportError('ERR_INGRESS_BODY_CODING', `body of the origin is not ${this.#coding} as its head says`, {
        cause,
        details: { coding: this.#coding },
      }),
    );
  }
}

/** A function of its own, so that no flush makes a closure. */
function flushQuiet(translation: CodedTranslation): void {
  translation.flushQuiet();
}
