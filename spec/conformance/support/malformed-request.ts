/** A request as bytes that must be refused at the ingress, whatever app it asks for. */
export type MalformedRequest = {
  /** What is wrong, as a noun. */
  readonly what: string;
  /** One byte a character (latin1). */
  readonly bytes: (host: string) => string;
  /** Statuses that are right; the first one is ours. */
  readonly statuses: readonly number[];
  /** The rule that is broken. */
  readonly source: string;
  /**
   * True when the head is sound and only the body is not: the head may have gone to an origin by then, but that origin
   * must never see the body as complete. Default false: nothing reaches an origin.
   */
  readonly isBody?: boolean;
};

/** A row of the tables: what, lines of the head behind the request line, and the rest. */
export type Row = readonly [what: string, request: string, source: string, statuses?: readonly number[]];

export const EOL = '\r\n';

/**
 * Rows whose request holds `{host}` where the Host field's value goes.
 * @param isBody see MalformedRequest
 */
export function malformed(rows: readonly Row[], isBody = false): readonly MalformedRequest[] {
  return rows.map(([what, request, source, statuses]) => ({
    what,
    bytes: (host) => request.replaceAll('{host}', host),
    statuses: statuses ?? [400],
    source,
    isBody,
  }));
}

/** A GET with further field lines, each without its line end. */
export function get(...lines: readonly string[]): string {
  return ['GET / HTTP/1.1', 'Host: {host}', ...lines, '', ''].join(EOL);
}

/** A POST with further field lines and bytes behind the head. */
export function post(lines: readonly string[], body: string): string {
  return ['POST / HTTP/1.1', 'Host: {host}', ...lines, '', ''].join(EOL) + body;
}

/** A POST with a chunked body as given. */
export function chunked(body: string): string {
  return post(['Transfer-Encoding: chunked'], body);
}
