import { chooseConnector } from './choose-connector.decide.ts';
import type { Heartbeat } from './heartbeat.ts';
import {
  LOST_AFTER_MS,
  MAX_BUNDLED_HEADS,
  MAX_GROUP_MEMBERS,
  MAX_SELECTOR_GROUPS,
  MEMBERSHIP_PROOF_MS,
  QUEUE_DRAW_INTERVAL,
} from './limits.ts';
import { LivenessTable, MAX_LIVENESS_ENTRIES, type Observation } from './liveness-table.ts';

/** Choices of which the queue has every second. */
const EARLY_CHOICES = 64;

export type ConnectorSelectorOptions = {
  /** Default 5,000. */
  readonly lostAfterMs?: number;
  /** Default Math.random. */
  readonly random?: () => number;
};

type Connector = {
  readonly connectorId: string;
  inFlight: number;
  openElsewhere: number;
  isDraining: boolean;
  /** The server said that nobody listens there; until its next heartbeat. */
  isUnreachable: boolean;
};

type Member = { readonly connector: Connector; provedAtMs: number };

type Group = {
  members: Member[];
  /** The choice for the heads of one turn; undefined: the queue. */
  burst: Connector | undefined;
  burstTurn: number;
  burstLeft: number;
  choices: number;
};

/**
 * Who gets a request: knows which connectors are alive and how busy (heartbeats), and which serve a group. The latter is
 * not taken from what a connector says of itself, or one group's connector could ask for another group's requests: it is
 * proved by answering what the queue of the group drew it for, and must be proved again.
 *
 * The requests of one turn go to one connector, MAX_BUNDLED_HEADS at most, so that they share messages.
 */
export class ConnectorSelector {
  readonly #liveness: LivenessTable;
  readonly #random: () => number;
  readonly #connectors = new Map<string, Connector>();
  readonly #groups = new Map<string, Group>();

  constructor(options: ConnectorSelectorOptions = {}) {
    this.#liveness = new LivenessTable(options.lostAfterMs ?? LOST_AFTER_MS);
    this.#random = options.random ?? Math.random;
  }

  /** `restarted` means that the channels of the former instance are gone: call `connectorRestarted` of the client. */
  observe(connectorId: string, heartbeat: Heartbeat, nowMs: number): Observation {
    const connector = this.#connectorOf(connectorId);
    connector.isDraining = heartbeat.isDraining;
    connector.isUnreachable = false;
    connector.openElsewhere = Math.max(0, heartbeat.openChannels - connector.inFlight);
    return this.#liveness.observe(connectorId, heartbeat, nowMs);
  }

  /** Connectors that fell silent since the last call. What they had proved is forgotten. */
  lost(nowMs: number): string[] {
    const lost = this.#liveness.lost(nowMs);
    if (lost.length === 0) return lost;
    for (const group of this.#groups.values()) {
      for (const connectorId of lost) removeMember(group.members, connectorId);
      group.burstLeft = 0;
    }
    return lost;
  }

  /** The link to the hub is back: silence while it was down says nothing. */
  resumed(nowMs: number): void {
    this.#liveness.resumed(nowMs);
  }

  /** A connector answered what the queue of the group drew it for. */
  proved(group: string, connectorId: string, nowMs: number): void {
    const { members } = this.#groupOf(group);
    const known = members.find(({ connector }) => connector.connectorId === connectorId);
    if (known !== undefined) known.provedAtMs = nowMs;
    else if (members.length < MAX_GROUP_MEMBERS) {
      members.push({ connector: this.#connectorOf(connectorId), provedAtMs: nowMs });
    }
  }

  /** Where a request should go; undefined: whom the queue draws. `turn` is one number for the requests of one turn. */
  choose(
    group: string,
    affinityKey: string | undefined,
    tried: readonly string[] | undefined,
    turn: number,
    nowMs: number,
  ): string | undefined {
    const known = this.#groups.get(group);
    if (known === undefined) return undefined;
    if (affinityKey !== undefined || tried !== undefined)
      return this.#draw(known, affinityKey, tried, nowMs)?.connectorId;
    if (known.burstTurn !== turn || known.burstLeft === 0) {
      known.burstTurn = turn;
      known.burstLeft = MAX_BUNDLED_HEADS;
      // Now and then the queue draws, so that members prove themselves and new ones are found: often at first.
      const interval = ++known.choices <= EARLY_CHOICES ? 2 : QUEUE_DRAW_INTERVAL;
      known.burst = known.choices % interval === 0 ? undefined : this.#draw(known, undefined, tried, nowMs);
    }
    known.burstLeft--;
    return known.burst?.connectorId;
  }

  began(connectorId: string): void {
    this.#connectorOf(connectorId).inFlight++;
  }

  ended(connectorId: string): void {
    const connector = this.#connectors.get(connectorId);
    if (connector !== undefined && connector.inFlight > 0) connector.inFlight--;
  }

  /** The server said that nobody listens for it. */
  unreachable(connectorId: string): void {
    this.#connectorOf(connectorId).isUnreachable = true;
  }

  #draw(
    { members }: Group,
    affinityKey: string | undefined,
    tried: readonly string[] | undefined,
    nowMs: number,
  ): Connector | undefined {
    const candidates: Connector[] = [];
    for (const { connector, provedAtMs } of members) {
      const isProved = nowMs - provedAtMs < MEMBERSHIP_PROOF_MS;
      const isFit =
        !connector.isUnreachable && !connector.isDraining && tried?.includes(connector.connectorId) !== true;
      if (isProved && isFit && this.#liveness.livenessOf(connector.connectorId, nowMs) === 'online') {
        candidates.push(connector);
      }
    }
    const chosen = chooseConnector({ candidates, affinityKey, random: [this.#random(), this.#random()] });
    return chosen === undefined ? undefined : this.#connectors.get(chosen);
  }

  #connectorOf(connectorId: string): Connector {
    const known = this.#connectors.get(connectorId);
    if (known !== undefined) return known;
    if (this.#connectors.size >= MAX_LIVENESS_ENTRIES) this.#forgetAll();
    const connector = { connectorId, inFlight: 0, openElsewhere: 0, isDraining: false, isUnreachable: false };
    this.#connectors.set(connectorId, connector);
    return connector;
  }

  #groupOf(name: string): Group {
    const known = this.#groups.get(name);
    if (known !== undefined) return known;
    if (this.#groups.size >= MAX_SELECTOR_GROUPS) this.#forgetAll();
    const group = { members: [], burst: undefined, burstTurn: -1, burstLeft: 0, choices: 0 };
    this.#groups.set(name, group);
    return group;
  }

  /** At the bounds everything is learned anew; the queues serve meanwhile. */
  #forgetAll(): void {
    this.#connectors.clear();
    this.#groups.clear();
  }
}

function removeMember(members: Member[], connectorId: string): void {
  const index = members.findIndex(({ connector }) => connector.connectorId === connectorId);
  if (index >= 0) members.splice(index, 1);
}
