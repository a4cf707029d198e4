/** Version of the bundle layout. A bundle of another version is dropped, see PROTOCOL.md "Versions". */
export const PROTOCOL_VERSION = 1;

export const KIB = 1024;
export const MIB = 1024 * KIB;

/** Largest bundle (one NATS message), bytes. Stays below the leaf's max_payload of 256 KiB: one larger message would close the link. */
export const MAX_BUNDLE_BYTES = 128 * KIB;
/** Largest packet, bytes: it must fit in a bundle of its own, with the longest ingress id. */
export const MAX_PACKET_BYTES = MAX_BUNDLE_BYTES - 128;
/** Bytes after which a bundle with several packets is sent, and a new one begun. */
export const BUNDLE_BYTES = 32 * KIB - 128;
/** Heads (OPEN) in one bundle to a group: the next connector of the group gets the next ones. */
export const MAX_BUNDLED_HEADS = 16;
/** Largest payload of one DATA frame a receiver accepts, bytes. */
export const MAX_DATA_BYTES = 64 * KIB;
/** Payload of a full DATA frame as sent, bytes: where transfers were fastest (ADR 0003). */
export const DATA_FRAME_BYTES = 32 * KIB - 256;

/** Header fields in one block, and bytes of the encoded block. */
export const MAX_FIELDS = 512;
export const MAX_FIELD_BLOCK_BYTES = 64 * KIB - 1;
/** Metadata entries and bytes of the encoded block. */
export const MAX_METADATA_BYTES = 24 * KIB;
export const MAX_METHOD_BYTES = 64;
export const MAX_TARGET_BYTES = 16 * KIB;
/** Explanatory text in REFUSE and CANCEL, UTF-8 bytes. Longer text is cut. */
export const MAX_TEXT_BYTES = 255;
/** Length of an id inside a subject, characters. */
export const MAX_ID_LENGTH = 64;
/** Informational (1xx) responses of one channel; one more is a protocol violation. */
export const MAX_INFORMATIONAL = 16;

/** Response credit inside OPEN, bytes: the maximum while few channels are open, the minimum when thousands are. */
export const MAX_INITIAL_CREDIT_BYTES = 64 * KIB;
export const MIN_INITIAL_CREDIT_BYTES = 4 * KIB;
/** Receive window of one channel, bytes: where it starts once data flows and where auto-tuning stops. */
export const START_WINDOW_BYTES = 64 * KIB;
export const MAX_WINDOW_BYTES = 2 * MIB;
/** Window of one request body at the connector, bytes. */
export const REQUEST_WINDOW_BYTES = 2 * MIB;
/** What one channel may always have, whatever the caps say: nobody can be starved to a standstill. */
export const MIN_WINDOW_BYTES = 4 * KIB;
/** Outstanding credit of one link, bytes: start, and the range of the adaptive cap. */
export const MIN_LINK_CAP_BYTES = 1 * MIB;
export const MAX_LINK_CAP_BYTES = 4 * MIB;
/** The adaptive cap follows this many milliseconds of the measured rate. */
export const LINK_CAP_HORIZON_MS = 500;
/**
 * Bytes granted or held in this process before channels fall back to MIN_WINDOW_BYTES: what all slow readers together can
 * make an ingress hold, and all slow origins a connector.
 */
export const PROCESS_CAP_BYTES = 64 * MIB;
/**
 * Booked of the process cap, bytes, up to which every reader may have MAX_WINDOW_BYTES and pieces are held in the buffers
 * they came in. Beyond, windows shrink with the fourth power of what is left, to SHORT_WINDOW_BYTES at the least, and pieces
 * are copied: a view of 16 KiB may keep a read of 64 KiB alive.
 */
export const EASY_PROCESS_BYTES = 16 * MIB;
/** The least a reader may have beyond the minimum while the budget is short, bytes; the process cap still stands above it. */
export const SHORT_WINDOW_BYTES = 16 * KIB;
/**
 * Bytes a reader has to take, without stalling, to count as fast: more than the send buffer of its socket (4 MiB) can take in
 * its place. While the budget is short a fast reader may have a part of what is left.
 */
export const FAST_READER_BYTES = 8 * MIB;
export const FAST_READER_SHARE = 1 / 4;
/** A reader that has taken nothing for this long of what is held for it has stalled: it has to prove itself again. */
export const STALLED_READER_MS = 500;
/** A channel that received nothing for this long no longer counts against its link cap. */
export const IDLE_CREDIT_MS = 1_000;
/** Largest credit a peer may hold on one channel; a CREDIT beyond it is a protocol violation. */
export const MAX_OUTSTANDING_CREDIT_BYTES = 16 * MIB;

/** Bytes a sender accepts from its caller before `write` answers false: a smaller queue stops and starts bulk all the time. */
export const SEND_QUEUE_BYTES = 1 * MIB;
/** The same, while all senders of the process together hold SEND_QUEUES_BYTES or more. */
export const MIN_SEND_QUEUE_BYTES = 16 * KIB;
export const SEND_QUEUES_BYTES = 16 * MIB;
/** Bytes collected by the coalescing publisher before it publishes within the turn. */
export const COALESCE_BYTES = 256 * KIB;

/** A connector acknowledges the dispatch when it has not begun to answer after this long. */
export const ACCEPT_DELAY_MS = 250;
/** The ingress dispatches again when nothing came back for this long. */
export const ACCEPT_DEADLINE_MS = 1_000;
export const MAX_DISPATCHES = 3;
/** How long after the link to the hub was lost requests wait for it, and for the connectors behind it. */
export const HOLD_MS = 10_000;
/** How long at least after the link has come back: leaf links return on their own. */
export const RETURN_GRACE_MS = 3_000;
/** How often a request that reached nobody is sent again meanwhile. */
export const HELD_RETRY_MS = 200;
/** Requests that wait for the link, and bytes of their heads; beyond it they fail with `no-connector`. */
export const MAX_HELD_HEADS = 2_000;
export const MAX_HELD_BYTES = 16 * MIB;
/** Time to the response head after the request was sent: the default backend timeout. */
export const HEAD_TIMEOUT_MS = 85_000;
/** A channel that received nothing for this long is probed, and given up when the probe stays unanswered. */
export const PROBE_AFTER_MS = 15_000;
export const PROBE_TIMEOUT_MS = 10_000;
/** Resolution of the deadlines of channels that wait for a connector or for its answer. */
export const SWEEP_INTERVAL_MS = 50;
/** A channel that has its connector, or has been answered, is looked at in every so manieth sweep only. */
export const SETTLED_SWEEPS = 10;

/**
 * How long it counts that a connector answered what a group's queue drew it for. Until then one that was moved to another
 * group and does not heed it could still be handed requests of the old group.
 */
export const MEMBERSHIP_PROOF_MS = 600_000;
/** Every so many choices are left to the queue of the group. */
export const QUEUE_DRAW_INTERVAL = 16;
/** Connectors of one group, and groups, an ingress chooses among; the others are drawn by the queue. */
export const MAX_GROUP_MEMBERS = 1_000;
export const MAX_SELECTOR_GROUPS = 1_000;

export const HEARTBEAT_INTERVAL_MS = 2_000;
export const LOST_AFTER_MS = 5_000;

/** Open channels of one ingress process, and of one connector process. */
export const MAX_CLIENT_CHANNELS = 10_000;
export const MAX_SERVER_CHANNELS = 4_096;
