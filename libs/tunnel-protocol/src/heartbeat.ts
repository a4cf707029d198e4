import { isSubjectId } from './subjects.ts';

/** Payload of `prs.c.<connector>`, JSON in UTF-8. */
export type Heartbeat = {
  /** New with every start of the connector process. */
  readonly instanceId: string;
  /** ISO-8601 UTC. */
  readonly sentAt: string;
  readonly openChannels: number;
  readonly isDraining: boolean;
  /** Only true, and only once: the link to the hub is another than before, so that what was under way on the old one is lost. */
  readonly isRelinked?: boolean;
};

/** Longest heartbeat accepted, bytes. */
export const MAX_HEARTBEAT_BYTES = 1_024;

export function encodeHeartbeat(heartbeat: Heartbeat): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(heartbeat));
}

/** Total: undefined for anything that is not a heartbeat. Unknown members are ignored. */
export function parseHeartbeat(payload: Uint8Array): Heartbeat | undefined {
  if (payload.length > MAX_HEARTBEAT_BYTES) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch {
    // Not JSON, or not UTF-8: not a heartbeat.
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { instanceId, sentAt, openChannels, isDraining, isRelinked } = value as Record<string, unknown>;
  if (typeof instanceId !== 'string' || !isSubjectId(instanceId)) return undefined;
  if (typeof sentAt !== 'string' || Number.isNaN(Date.parse(sentAt))) return undefined;
  if (typeof openChannels !== 'number' || !Number.isSafeInteger(openChannels) || openChannels < 0) return undefined;
  if (typeof isDraining !== 'boolean') return undefined;
  return { instanceId, sentAt, openChannels, isDraining, ...(isRelinked === true ? { isRelinked } : {}) };
}
