import {
  type CertificateState,
  type ConnectorState,
  certificateAggregate,
  connectorAggregate,
  evolveCertificate,
  evolveConnector,
  initialCertificateState,
  initialConnectorState,
} from '#libs/contracts';
import { type Commit, isCommitOf, type Projection } from '#libs/events';

/** Entries share 256 small maps, so that one commit copies one of them and not all. */
const BUCKETS = 256;
type Buckets<V> = readonly ReadonlyMap<string, V>[];

/** Certificates by thumbprint and connectors by id: what decides whether an identity may connect. */
export type KnownIdentities = {
  readonly certificates: Buckets<CertificateState>;
  readonly connectors: Buckets<ConnectorState>;
};

/** Built from the first commit at every start. */
export function knownIdentitiesProjection(tenant: string): Projection<KnownIdentities> {
  return {
    name: 'known-identities',
    version: 1,
    filters: [
      { tenant, context: certificateAggregate.context, thing: certificateAggregate.thing },
      { tenant, context: connectorAggregate.context, thing: connectorAggregate.thing },
    ],
    initial: () => ({ certificates: emptyBuckets(), connectors: emptyBuckets() }),
    project,
  };
}

function project(state: KnownIdentities, commit: Commit): KnownIdentities {
  if (isCommitOf(certificateAggregate, commit)) {
    const before = entryOf(state.certificates, commit.id) ?? initialCertificateState;
    const after = commit.facts.reduce(evolveCertificate, before);
    return { ...state, certificates: withEntry(state.certificates, commit.id, after) };
  }
  if (isCommitOf(connectorAggregate, commit)) {
    const before = entryOf(state.connectors, commit.id) ?? initialConnectorState;
    const after = commit.facts.reduce(evolveConnector, before);
    return { ...state, connectors: withEntry(state.connectors, commit.id, after) };
  }
  return state;
}

export function certificateOf(state: KnownIdentities, thumbprint: string): CertificateState {
  return entryOf(state.certificates, thumbprint) ?? initialCertificateState;
}

export function connectorOf(state: KnownIdentities, connectorId: string): ConnectorState {
  return entryOf(state.connectors, connectorId) ?? initialConnectorState;
}

/** Thumbprints of a connector's certificates that are not revoked. */
export function validCertificatesOf(state: KnownIdentities, connectorId: string): readonly string[] {
  return entriesOf(state.certificates)
    .filter(([, one]) => one.status === 'valid' && one.connectorId === connectorId)
    .map(([thumbprint]) => thumbprint);
}

export function revokedConnectors(
  state: KnownIdentities,
): readonly { readonly id: string; readonly userPublicKey: string }[] {
  return entriesOf(state.connectors).flatMap(([id, one]) =>
    one.status === 'revoked' ? [{ id, userPublicKey: one.userPublicKey }] : [],
  );
}

function emptyBuckets<V>(): Buckets<V> {
  return Array.from({ length: BUCKETS }, () => new Map<string, V>());
}

function bucketOf(key: string): number {
  let hash = 0;
  for (let i = 0; i < key.length; i += 1) hash = (hash * 31 + key.charCodeAt(i)) % BUCKETS;
  return hash;
}

function entryOf<V>(buckets: Buckets<V>, key: string): V | undefined {
  return buckets[bucketOf(key)]?.get(key);
}

function withEntry<V>(buckets: Buckets<V>, key: string, value: V): Buckets<V> {
  const index = bucketOf(key);
  return buckets.with(index, new Map(buckets[index]).set(key, value));
}

function entriesOf<V>(buckets: Buckets<V>): [string, V][] {
  return buckets.flatMap((bucket) => [...bucket]);
}
