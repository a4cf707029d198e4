import type { FieldList } from '#libs/http1';

export type HttpVersion = '1.0' | '1.1' | '2';

/** Takes a user's body as it arrives. */
export type BodyReader = { onUserData(chunk: Buffer): void; onUserEnd(): void };

/** A request as the pipeline sees it, whatever version of HTTP brought it. */
export type UserRequest = {
  readonly method: string;
  /** Target as it stood: origin-form, or absolute-form, or `*`. */
  readonly target: string;
  readonly version: HttpVersion;
  readonly fields: FieldList;
  /** Body and trailers have arrived, or there are none. */
  readonly isComplete: boolean;
  /** What has arrived of the body breaks its framing. */
  readonly isBroken: boolean;
  /** Known once the body is complete. */
  readonly trailers: FieldList;
  /** Nothing of a body is read before. One reader at a time; undefined stops reading. Flows until `pause`. */
  readBody(reader: BodyReader | undefined): void;
  pause(): void;
  resume(): void;
  /** Reads what is left of the body and throws it away. */
  discardBody(): void;
};

/** The answer to it. After `destroyed` nothing has an effect. */
export type UserResponse = {
  readonly headersSent: boolean;
  readonly destroyed: boolean;
  readonly statusCode: number;
  /** Called when `write` answered false and bytes can be taken again. */
  onDrain: (() => void) | undefined;
  /** 100, 103: advice in front of the head. A connection of HTTP/1.0 gets none. */
  writeInformational(status: number, fields: FieldList): void;
  /**
   * Head of the answer. Without `Content-Length` the body is delimited as its version of HTTP does. `Connection: close` ends
   * the connection with the answer. It leaves with the first of the body, or by `flushHeaders`.
   */
  writeHead(status: number, fields: FieldList): void;
  flushHeaders(): void;
  /**
   * Instead of `writeHead`, for a WebSocket: what is read and written from now on are the bytes of the pipe, both ways until both
   * ended. `fields` as an HTTP/1.1 origin gave them with its 101.
   */
  upgrade(fields: FieldList): void;
  /** False: wait for `onDrain`. The chunk is taken in either case and must not be changed. */
  write(chunk: Uint8Array): boolean;
  end(chunk?: Uint8Array, trailers?: FieldList): void;
  /** Cuts the answer without an orderly end. */
  destroy(): void;
  /** Closes the connection once what was written has left. */
  endConnection(): void;
};

/** What the listener is told of one request and its answer. */
export type UserStreamEvents = {
  /** Exactly once: the last byte was handed over, or the user is gone. */
  onClosed(isComplete: boolean): void;
  /** The body breaks the rules; nothing more of it will come. */
  onBodyBroken(): void;
};

/** One request and its answer. */
export type UserStream = UserRequest & UserResponse & { events: UserStreamEvents | undefined };
