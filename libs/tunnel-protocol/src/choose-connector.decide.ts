/** What is known about one connector that may serve a request. */
export type ConnectorLoad = {
  readonly connectorId: string;
  /** Requests this ingress has there. */
  readonly inFlight: number;
  /** Requests others have there, as far as its last heartbeat says. */
  readonly openElsewhere: number;
};

export type Choice = {
  /** Those that are alive, take requests and have not been tried. */
  readonly candidates: readonly ConnectorLoad[];
  /** Same key, same connector, as long as it is among the candidates. */
  readonly affinityKey: string | undefined;
  /** From 0 up to 1, independent of each other. */
  readonly random: readonly [number, number];
};

/**
 * Which connector a request should go to; undefined when nothing is known, which leaves it to the queue of the group.
 * With a key: rendezvous hashing, so that a connector that comes or goes moves only its own share of the keys. Without:
 * the less loaded of two drawn at random, which needs no common view of the load.
 */
export function chooseConnector({ candidates, affinityKey, random }: Choice): string | undefined {
  if (candidates.length < 2) return candidates[0]?.connectorId;
  if (affinityKey !== undefined) return highestHash(candidates, affinityKey);
  const first = Math.floor(random[0] * candidates.length);
  const other = Math.floor(random[1] * (candidates.length - 1));
  const second = other < first ? other : other + 1;
  const [a, b] = [candidates[first], candidates[second]];
  if (a === undefined || b === undefined) return (a ?? b)?.connectorId;
  return loadOf(b) < loadOf(a) ? b.connectorId : a.connectorId;
}

function loadOf({ inFlight, openElsewhere }: ConnectorLoad): number {
  return inFlight + openElsewhere;
}

function highestHash(candidates: readonly ConnectorLoad[], key: string): string | undefined {
  let chosen: string | undefined;
  let highest = -1;
  for (const { connectorId } of candidates) {
    const hash = hashOf(`${key} ${connectorId}`);
    if (hash < highest || (hash === highest && chosen !== undefined && chosen < connectorId)) continue;
    highest = hash;
    chosen = connectorId;
  }
  return chosen;
}

/** FNV-1a of 32 bits with a final mix (murmur3's): spreads ids that differ in one character. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
