import type { NatsConnection } from 'nats';
import { downSubject } from '#libs/tunnel-protocol';

const EMPTY = new Uint8Array();

/** Tells a connector to pull its configuration now. The notice carries nothing: the endpoint with mutual TLS does. */
export function publishConfigNotice(nc: NatsConnection, connectorId: string): void {
  nc.publish(downSubject(connectorId, 'routing', 'config'), EMPTY);
}
