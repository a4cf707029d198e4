import { corrupt, readIfPresent } from './data-files.ts';
import { ACCOUNT_ROLES } from './keys.ts';
import type { BrokerLayout } from './layout.ts';

/** Oldest leaf the hub accepts: older ones lack link fixes. */
export const MIN_LEAF_VERSION = '2.14.0';

/**
 * Configuration of the hub as text: where it listens, then what it enforces. Services on the same host may leave TLS out
 * (ADR 0002), which is why that permission stands beside the loopback listener and not among the rules.
 * The Go runtime's limits (GOMAXPROCS, GOMEMLIMIT) are the launcher's.
 */
export async function hubConfig(layout: BrokerLayout): Promise<string> {
  const listeners = `server_name: hub1
listen: "127.0.0.1:${layout.ports.client}"
http: "127.0.0.1:${layout.ports.monitor}"
allow_non_tls: true
`;
  return listeners + (await hubRules(layout));
}

/**
 * Everything but the client and monitoring listeners. Bounds: messages 1 MB, 64 MB waiting for one client, user JWTs in a
 * CONNECT of 32 KB; a half-open leaf is found in about 6 s (pings every 2 s, two missed); a peer that does not read for
 * 10 s is cut. Every acknowledged JetStream write is on disk (`sync_interval: always`).
 */
export async function hubRules(layout: BrokerLayout): Promise<string> {
  const operator = await required(layout.operator.jwtFile);
  const accounts = await Promise.all(
    ACCOUNT_ROLES.map(
      async (role) => `  ${layout.accounts[role].publicKey}: ${await required(layout.accounts[role].jwtFile)}`,
    ),
  );
  const { certFile, keyFile } = layout.certificates.hub;
  const tls = `cert_file: ${quoted(certFile)}, key_file: ${quoted(keyFile)}`;
  return `
max_payload: 1MB
max_pending: 64MB
max_control_line: 32KB
ping_interval: "2s"
ping_max: 2
write_deadline: "10s"
lame_duck_duration: "30s"
lame_duck_grace_period: "5s"
authorization { timeout: 5 }
tls { ${tls}, timeout: 5, min_version: "1.3" }
operator: ${operator}
system_account: ${layout.accounts.sys.publicKey}
resolver { type: full, dir: ${quoted(layout.hub.resolverDir)}, allow_delete: true, interval: "2m", limit: 100000, timeout: "2s" }
resolver_preload {
${accounts.join('\n')}
}
jetstream { store_dir: ${quoted(layout.hub.jetstreamDir)}, domain: hub, max_mem: 256MB, max_file: 100GB, sync_interval: always
  limits { batch { max_inflight_per_stream: 50, max_msgs: 1000, timeout: "5s" } } }
leafnodes {
  listen: "127.0.0.1:${layout.ports.leaf}"
  no_advertise: true
  min_version: ${MIN_LEAF_VERSION}
  compression: off
  isolate_leafnode_interest: true
  write_deadline: "10s"
  write_timeout: close
  tls { ${tls}, ca_file: ${quoted(layout.caFile)}, verify: true, handshake_first: true, timeout: 5, min_version: "1.3" }
}
`;
}

async function required(path: string): Promise<string> {
  const text = await readIfPresent(path);
  if (text === undefined) throw corrupt(path, 'is missing', 'provision the broker again');
  return text.trim();
}

function quoted(path: string): string {
  return JSON.stringify(path);
}
