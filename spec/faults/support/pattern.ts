const WORD_BYTES = 4;

/** Bytes of an endless pattern from an offset that is a multiple of four: consecutive numbers of 32 bits. */
export function patternPiece(offset: number, length: number): Buffer {
  const piece = Buffer.allocUnsafe(length);
  for (let at = 0; at < length; at += WORD_BYTES) piece.writeUInt32BE(((offset + at) / WORD_BYTES) % 2 ** 32, at);
  return piece;
}

/** Checks that what arrives is the pattern from its beginning: nothing lost, doubled or foreign in between. */
export class PatternReader {
  #bytes = 0;
  #isIntact = true;
  #rest: Buffer = Buffer.alloc(0);

  get bytes(): number {
    return this.#bytes;
  }

  get isIntact(): boolean {
    return this.#isIntact;
  }

  read(chunk: Buffer): void {
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const start = this.#bytes - this.#rest.length;
    const whole = data.length - (data.length % WORD_BYTES);
    if (!data.subarray(0, whole).equals(patternPiece(start, whole))) this.#isIntact = false;
    this.#rest = data.subarray(whole);
    this.#bytes += chunk.length;
  }
}
