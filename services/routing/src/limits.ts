/** Published apps of one tenant. Beyond: ERR_APP_TOO_MANY; retire one first. */
export const MAX_APPS = 10_000;
/** Published apps of one connector group: its connectors pull them all. Beyond: ERR_APP_TOO_MANY. */
export const MAX_APPS_PER_GROUP = 1_000;
/**
 * JSON bytes of the apps of one connector group in the configuration its connectors pull, which refuse 8 MiB. Beyond:
 * ERR_APP_TOO_MANY; use another group, or smaller certificate authorities.
 */
export const MAX_GROUP_CONFIG_BYTES = 6 * 1024 * 1024;
/** Users and groups assigned to one app. Beyond: ERR_APP_TOO_MANY_ASSIGNMENTS; assign a group instead. */
export const MAX_ASSIGNMENTS_PER_APP = 1_000;
/** Users and groups of one command: its facts are one commit of at most 64. Beyond: ERR_APP_TOO_MANY_ASSIGNMENTS. */
export const MAX_ASSIGNMENTS_PER_COMMAND = 60;
/** Active connector groups of one tenant. Beyond: ERR_GROUP_TOO_MANY. */
export const MAX_CONNECTOR_GROUPS = 500;
/** Connectors of one tenant that are not revoked. Beyond: ERR_CONNECTOR_TOO_MANY. */
export const MAX_CONNECTORS = 1_000;

/** JSON bytes of one reply. A page of apps ends before it; a list leaves out its oldest retired or revoked entries. */
export const MAX_REPLY_BYTES = 512 * 1024;
/** Apps of one page when the caller names no number. */
export const DEFAULT_PAGE_APPS = 100;

/** A claim on an external URL may be taken over when its app does not hold the URL this long after the claim (ADR-0005). */
export const CLAIM_GRACE_MS = 180_000;
/** The second step of a publication must begin within this time after its claim, far less than CLAIM_GRACE_MS. */
export const CLAIM_USE_WITHIN_MS = 10_000;
/** Attempts at one claim after conflicts with others. Beyond: ERR_APP_URL_CONTENDED (retryable). */
export const MAX_CLAIM_ATTEMPTS = 5;

/** A beat of the app directory feed when nothing changed. */
export const DIRECTORY_BEAT_MS = 5_000;
/** Changes are collected this long before connectors are told to pull their configuration. */
export const CONFIG_NOTICE_WINDOW_MS = 100;
/** How often a connector pulls its configuration by itself, in seconds. */
export const CONFIG_REFRESH_SECONDS = 60;

/** How often leases of connectors are checked. */
export const LEASE_SWEEP_MS = 500;
/** Time a reply waits for the read model to reach the command's own commit; then it answers all the same. */
export const READ_OWN_WRITE_MS = 2_000;
