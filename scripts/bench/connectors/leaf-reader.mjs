/** Bytes held for one line or message; more means that the peer does not speak the protocol. */
export const MAX_HELD_BYTES = 2 * 1024 * 1024;

/** @typedef {{ line: string, payload: Buffer | undefined }} LeafOperation a message has a payload, other lines have none */

/** Cuts the bytes of a leaf-node link (nats-server, `LMSG` and `HMSG` included) into operations. */
export class LeafReader {
  /** @type {Buffer} */
  #rest = Buffer.alloc(0);

  /**
   * @param {Buffer} bytes
   * @returns {LeafOperation[]} those that are whole now
   * @throws {Error} above MAX_HELD_BYTES
   */
  read(bytes) {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    /** @type {LeafOperation[]} */
    const operations = [];
    for (;;) {
      const operation = this.#next();
      if (operation === undefined) break;
      operations.push(operation);
    }
    if (this.#rest.length > MAX_HELD_BYTES) throw new Error(`more than ${MAX_HELD_BYTES} bytes without an end`);
    return operations;
  }

  /** @returns {LeafOperation | undefined} */
  #next() {
    const end = this.#rest.indexOf('\r\n');
    if (end < 0) return undefined;
    const line = this.#rest.subarray(0, end).toString('latin1');
    const size = /^(?:LMSG|HMSG|RMSG) .* (\d+)$/.exec(line)?.[1];
    if (size === undefined) {
      this.#rest = this.#rest.subarray(end + 2);
      return { line, payload: undefined };
    }
    const from = end + 2;
    const to = from + Number(size);
    if (this.#rest.length < to + 2) return undefined;
    const payload = this.#rest.subarray(from, to);
    this.#rest = this.#rest.subarray(to + 2);
    return { line, payload };
  }
}
