const HEAD_END = Buffer.from('\r\n\r\n');

/**
 * Cuts the answers out of what arrives on one kept connection. Knows answers with Content-Length alone: the origin of the
 * bench gives no other to what the load asks for.
 */
export class AnswerReader {
  /** @type {Buffer} */
  #head = Buffer.alloc(0);
  /** Bytes of the body still to come; -1 while a head is being read. */
  #left = -1;
  #status = 0;

  /**
   * @param {Buffer} bytes
   * @returns {number[]} statuses of the answers that are whole now
   * @throws {Error} for an answer without Content-Length
   */
  read(bytes) {
    /** @type {number[]} */
    const statuses = [];
    let at = 0;
    for (;;) {
      if (this.#left < 0) {
        const whole = this.#head.length === 0 ? bytes.subarray(at) : Buffer.concat([this.#head, bytes.subarray(at)]);
        const cut = whole.indexOf(HEAD_END);
        if (cut < 0) {
          this.#head = whole;
          return statuses;
        }
        at += cut + HEAD_END.length - this.#head.length;
        this.#head = Buffer.alloc(0);
        this.#begin(whole.subarray(0, cut).toString('latin1'));
      }
      const taken = Math.min(this.#left, bytes.length - at);
      this.#left -= taken;
      at += taken;
      if (this.#left > 0) return statuses;
      this.#left = -1;
      statuses.push(this.#status);
      if (at === bytes.length) return statuses;
    }
  }

  /** @param {string} head */
  #begin(head) {
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    const status = /^HTTP\/1\.1 (\d{3})/.exec(head)?.[1];
    if (length === undefined || status === undefined) throw new Error(`cannot read the answer ${head.slice(0, 80)}`);
    this.#left = Number(length);
    this.#status = Number(status);
  }
}
