const CLOSE = 0x8;
const KNOWN_OPCODES: ReadonlySet<number> = new Set([0, 1, 2, CLOSE, 9, 10]);
const MASKED = 0x80;
const LENGTH_16 = 126;
const LENGTH_64 = 127;

/**
 * Follows the frames of one direction of a WebSocket (RFC 6455, 5.2) without keeping any of them: where one ends, and whether a
 * close frame was among them. It judges nothing: that is for the two ends.
 */
export class FrameTracker {
  /** A close frame has begun: no frame may follow it. */
  hasClosed = false;
  /** The bytes are no frames that we know, so that nothing is known of their ends. */
  isLost = false;
  /** Bytes of the header of the frame under way; 0 between two frames, and in a payload. */
  #headerBytes = 0;
  #headerSize = 2;
  #lengthEnd = 2;
  #length = 0;
  #payloadLeft = 0;

  get isBetweenFrames(): boolean {
    return !this.isLost && this.#headerBytes === 0 && this.#payloadLeft === 0;
  }

  /** Reads the chunk, or only to the end of its first frame. Returns the number of bytes read. */
  take(chunk: Uint8Array, isOneFrame = false): number {
    let at = 0;
    while (at < chunk.length && !this.isLost) {
      if (this.#payloadLeft > 0) {
        const taken = Math.min(this.#payloadLeft, chunk.length - at);
        this.#payloadLeft -= taken;
        at += taken;
      } else {
        this.#readHeader(chunk[at] ?? 0);
        at += 1;
      }
      if (isOneFrame && this.isBetweenFrames) return at;
    }
    return chunk.length;
  }

  #readHeader(byte: number): void {
    const index = this.#headerBytes;
    this.#headerBytes += 1;
    if (index === 0) {
      this.hasClosed ||= (byte & 0xf) === CLOSE;
      this.isLost = !KNOWN_OPCODES.has(byte & 0xf);
      this.#headerSize = 2;
      return;
    }
    if (index === 1) this.#readShortLength(byte);
    else if (index < this.#lengthEnd) this.#length = this.#length * 256 + byte;
    if (this.#headerBytes < this.#headerSize) return;
    this.isLost = this.#length > Number.MAX_SAFE_INTEGER;
    this.#headerBytes = 0;
    this.#payloadLeft = this.#length;
  }

  #readShortLength(byte: number): void {
    const short = byte & ~MASKED & 0xff;
    let lengthBytes = 0;
    if (short === LENGTH_16) lengthBytes = 2;
    else if (short === LENGTH_64) lengthBytes = 8;
    this.#length = lengthBytes === 0 ? short : 0;
    this.#lengthEnd = 2 + lengthBytes;
    this.#headerSize = this.#lengthEnd + ((byte & MASKED) === 0 ? 0 : 4);
  }
}
