/** Chunks waiting for credit, taken out as byte ranges. Amortized O(1): a head index instead of shifting. */
export class SendQueue {
  #chunks: Uint8Array[] = [];
  #head = 0;
  #headOffset = 0;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
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
  }

  #dropHead(): void {
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
