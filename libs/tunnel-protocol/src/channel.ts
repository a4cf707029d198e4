import type { CancelPhase, CancelReason, FailureReason, RefuseReason, RetryClass } from './reasons.ts';

/**
 * Names and values alternating, as in Node's rawHeaders: order and duplicates are kept, names keep their case.
 * Header fields are Latin-1 text without control characters other than tab; metadata may be any Unicode text.
 */
export type FieldList = readonly string[];

export type RequestHead = { readonly method: string; readonly target: string; readonly fields: FieldList };

export type ResponseHead = {
  readonly status: number;
  readonly fields: FieldList;
  /** False when no byte of body and no trailer will follow. */
  readonly hasBody: boolean;
  /** True when the channel has become a two-way byte pipe (101, or 2xx to CONNECT): it then ends when both sides ended. */
  readonly isUpgraded: boolean;
};

/**
 * Takes a body as it arrives. Callbacks run inside the transport's read loop: they must not block and must not throw
 * (an exception cancels the channel with `internal`); they may call any method of the channel.
 */
export type BodyConsumer = {
  /** The view may be kept; to keep a small one for long, copy it: it pins the read buffer it lies in. */
  onData(chunk: Uint8Array): void;
  onEnd(trailers: FieldList): void;
  /** The channel failed before the end of this body. Called once, before the channel's own failure callback. */
  onAbort?(reason: FailureReason): void;
};

/** The receiving half. Nothing flows beyond the first credit until a consumer is attached. */
export type BodySource = {
  /**
   * Attach the one consumer. What already arrived is delivered before this returns. A body that nobody wants must be
   * cancelled: what is held of it counts against the process until then.
   */
  receiveBody(consumer: BodyConsumer): void;
  /** Stop the callbacks; what still arrives is held, never more than the window. Nothing is granted meanwhile. */
  pause(): void;
  resume(): void;
};

/** The sending half. */
export type BodySink = {
  /** Takes over the chunk: do not change it afterwards. False means: wait for `onDrain` (the chunk is taken anyway). */
  write(chunk: Uint8Array): boolean;
  end(trailers?: FieldList): void;
};

export type ChannelFailure = {
  readonly reason: FailureReason;
  readonly retryClass: RetryClass;
  /** True when opening the same request once more cannot run a non-idempotent request twice and no body byte was taken. */
  readonly mayRetry: boolean;
  readonly connectorId: string | undefined;
  /** Set when reason is `refused`. */
  readonly refusal: RefuseReason | undefined;
  readonly dispatches: number;
  /** For the log only: may come from the other side. */
  readonly text: string;
};

export type OpenRequest = {
  readonly group: string;
  readonly head: RequestHead;
  /** Opaque to the tunnel: request id, app id, trace context, identity. */
  readonly metadata?: FieldList;
  readonly hasBody: boolean;
  readonly isUpgrade?: boolean;
  /**
   * Whether the origin may see the request twice (RFC 9110, 9.2.2). Default: by method. A request that may not, and has
   * no body, costs one more round trip: the connector waits for the ingress to confirm that it was chosen.
   */
  readonly isIdempotent?: boolean;
  /** Milliseconds from the last sent byte of the request to the response head. Default 85,000; 0 means no limit. */
  readonly headTimeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Requests with the same key go to the same connector while it is there: a hash of the user session, say. */
  readonly affinityKey?: string;
};

/** Callbacks of an ingress channel; same rules as BodyConsumer. After `onFailure` nothing follows. */
export type ChannelHandlers = {
  /** The final response head. Attach the body consumer here, or later. */
  onHead(head: ResponseHead): void;
  /** Once, never synchronously inside `open`. Not called after the response has ended, nor after `cancel`. */
  onFailure(failure: ChannelFailure): void;
  onInformational?(head: ResponseHead): void;
  /** The connector granted the first credit: only now read the user's body and `write` it. */
  onBodyWanted?(): void;
  onDrain?(): void;
};

export type ClientChannel = BodySource &
  BodySink & {
    /** Id of the latest dispatch, for logs. */
    readonly id: string;
    /** The connector this channel is pinned to. */
    readonly connectorId: string | undefined;
    readonly isOpen: boolean;
    readonly dispatches: number;
    cancel(reason?: CancelReason, text?: string): void;
  };

/** Callbacks of a connector exchange; same rules as BodyConsumer. */
export type ExchangeHandlers = {
  onDrain?(): void;
  /** The exchange was ended by the ingress or by the tunnel: abort the origin call. Not called after refuse, fail or the end. */
  onCancel(reason: CancelReason, text: string): void;
};

export type ServerExchange = BodySource &
  BodySink & {
    readonly ingressId: string;
    readonly channelId: string;
    readonly head: RequestHead;
    readonly metadata: FieldList;
    readonly hasBody: boolean;
    readonly isUpgrade: boolean;
    readonly isOpen: boolean;
    /**
     * Calls back when the origin may be contacted: at once for a complete idempotent request, otherwise when the
     * ingress has confirmed this connector by sending the first of the body or its end. Contacting the origin earlier
     * could run a request twice. At most one callback.
     */
    onceConfirmed(callback: () => void): void;
    /** Final head. `hasBody: false` ends the response. */
    respondHead(status: number, fields: FieldList, options?: RespondOptions): void;
    /** A 1xx response, at most 16 of them, before the final head. */
    informational(status: number, fields: FieldList): void;
    /** Only before the origin was contacted: the ingress dispatches elsewhere. */
    refuse(reason: RefuseReason, text?: string): void;
    /** After the head was sent the phase is `response-begun` whatever is passed. */
    fail(reason: CancelReason, phase: CancelPhase, text?: string): void;
  };

export type RespondOptions = { readonly hasBody?: boolean; readonly isUpgraded?: boolean };

export type OnRequest = (exchange: ServerExchange) => ExchangeHandlers;
