/** With so many chunks waiting, small ones are gathered: a queue of single bytes would cost a hundred times their number. */
const GATHER_FROM_CHUNKS = 16;
const SMALL_CHUNK_BYTES = 1024;
const SLAB_BYTES = 8 * 1024;
const TAKEN = new Uint8Array(0);

/** Chunks waiting for credit, taken out as byte ranges. Amortized O(1): a head index instead of shifting. */
export class SendQueue {
  #chunks: Uint8Array[] = [];
  #head = 0;
  #headOffset = 0;
  #bytes = 0;
  /** The last chunk, when it is ours to extend: what is used of `#slab`. */
  #tail: Uint8Array | undefined;
  #slab: Buffer | undefined;

  get bytes(): number {
    return this.#bytes;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#bytes += chunk.length;
    const isGathered = chunk.length < SMALL_CHUNK_BYTES && this.#chunks.length - this.#head >= GATHER_FROM_CHUNKS;
    if (isGathered) this.#gather(chunk);
    else this.#chunks.push(chunk);
  }

  /** Move the next `length` bytes into `target`; the caller never asks for more than `bytes`. */
  moveTo(target: Uint8Array, offset: number, length: number): void {
    let written = 0;
    while (written < length) {
      const chunk = this.#chunks[this.#head];
      if (chunk === undefined) break;
      const take = Math.min(chunk.length - this.#headOffset, length - written);
      const isWhole = take === chunk.length;
      target.set(isWhole ? chunk : chunk.subarray(this.#headOffset, this.#headOffset + take), offset + written);
      written += take;
      this.#headOffset += take;
      if (this.#headOffset === chunk.length) this.#dropHead();
    }
    this.#bytes -= written;
  }

  clear(): void {
    this.#chunks = [];
    this.#head = 0;
    this.#headOffset = 0;
    this.#bytes = 0;
    this.#tail = undefined;
    this.#slab = undefined;
  }

  #gather(chunk: Uint8Array): void {
    const last = this.#chunks.length - 1;
    const used = this.#tail !== undefined && this.#chunks[last] === this.#tail ? this.#tail.length : SLAB_BYTES;
    const isFull = used + chunk.length > SLAB_BYTES;
    if (isFull || this.#slab === undefined) this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
    const start = isFull ? 0 : used;
    this.#slab.set(chunk, start);
    this.#tail = this.#slab.subarray(0, start + chunk.length);
    if (isFull) this.#chunks.push(this.#tail);
    else this.#chunks[last] = this.#tail;
  }

  #dropHead(): void {
    // At once: up to 63 chunks that have left would stay alive behind one that waits for credit.
    this.#chunks[this.#head] = TAKEN;
    this.#head++;
    this.#headOffset = 0;
    if (this.#head === this.#chunks.length) {
      this.#chunks.length = 0;
      this.#head = 0;
    } else if (this.#head >= 64) {
      this.#chunks = this.#chunks.slice(this.#head);
      this.#head = 0;
    }
  }
}
