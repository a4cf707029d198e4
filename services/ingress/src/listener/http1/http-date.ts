const RESOLUTION_MS = 1_000;

/** The Date field (RFC 9110, 6.6.1), written once a second. */
export class HttpDate {
  #line = '';
  #untilMs = 0;

  line(): string {
    const now = Date.now();
    if (now >= this.#untilMs) {
      this.#untilMs = now - (now % RESOLUTION_MS) + RESOLUTION_MS;
      this.#line = `Date: ${new Date(now).toUTCString()}\r\n`;
    }
    return this.#line;
  }
}
