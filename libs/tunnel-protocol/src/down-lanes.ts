import { type CoalescingPublisher, type Lane, peerRoute } from './coalescing-publisher.ts';
import { MAX_BUNDLED_HEADS } from './limits.ts';
import { BUNDLES, downSubject, headSubject, NO_CONNECTOR, upSubject } from './subjects.ts';

/** The ways from one ingress to connectors and to groups; on all of them the server says when nobody listens. */
export class DownLanes {
  readonly #publisher: CoalescingPublisher;
  readonly #ingressId: string;
  readonly #replyPrefix: string;

  constructor(publisher: CoalescingPublisher, ingressId: string) {
    this.#publisher = publisher;
    this.#ingressId = ingressId;
    this.#replyPrefix = upSubject(ingressId, NO_CONNECTOR, '');
  }

  to(connectorId: string): Lane {
    const known = this.#publisher.lane(connectorId);
    if (known !== undefined) return known;
    const subject = downSubject(connectorId, this.#ingressId, BUNDLES);
    return this.#publisher.addLane(connectorId, peerRoute(subject, this.#replyPrefix));
  }

  /** For heads; those that are dispatched again travel alone, so that each is drawn anew. */
  toGroup(group: string, isAgain: boolean): Lane {
    const key = isAgain ? `again ${group}` : `group ${group}`;
    const known = this.#publisher.lane(key);
    if (known !== undefined) return known;
    return this.#publisher.addLane(key, {
      subject: headSubject(group),
      ingressId: this.#ingressId,
      maxPackets: isAgain ? 1 : MAX_BUNDLED_HEADS,
      replyPrefix: this.#replyPrefix,
    });
  }
}
