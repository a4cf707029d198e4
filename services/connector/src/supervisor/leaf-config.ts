import { CONNECTOR_MAX_PAYLOAD_BYTES } from '#libs/nats-identity';

export type LeafConfig = {
  /** Connector id plus a random suffix: a leaf that knows the name of another could evict it. */
  readonly serverName: string;
  /** -1 for any free port. */
  readonly port: number;
  readonly password: string;
  readonly systemPassword: string;
  /** Folder where the server writes the ports it listens on. */
  readonly portsDirectory: string;
  readonly leafAddresses: readonly string[];
  readonly credentialsFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly trustFile: string;
};

/**
 * Text of the leaf's configuration. Loopback only, one remote, no other listener. Pings are tolerant on purpose (10 s,
 * three missed): the hub is the strict side, and strict pings on both break links under bulk. Payload at most what the
 * hub grants: one larger message would close the whole link.
 */
export function leafConfigText(config: LeafConfig): string {
  const text = (value: string) => JSON.stringify(value);
  const user = (name: string, password: string) => `users: [ { user: ${name}, password: ${text(password)} } ]`;
  return `server_name: ${text(config.serverName)}
host: "127.0.0.1"
port: ${config.port}
ports_file_dir: ${text(config.portsDirectory)}
max_payload: ${CONNECTOR_MAX_PAYLOAD_BYTES}
max_pending: 16MB
ping_interval: "10s"
ping_max: 3
write_deadline: "10s"
accounts {
  TUNNEL { ${user('connector', config.password)} }
  LOCALSYS { ${user('system', config.systemPassword)} }
}
system_account: LOCALSYS
leafnodes {
  reconnect: "1s"
  dial_timeout: "5s"
  remotes [ {
    urls: [ ${config.leafAddresses.map(text).join(', ')} ]
    account: TUNNEL
    credentials: ${text(config.credentialsFile)}
    ignore_discovered_servers: true
    first_info_timeout: "5s"
    compression: off
    tls {
      cert_file: ${text(config.certificateFile)}
      key_file: ${text(config.keyFile)}
      ca_file: ${text(config.trustFile)}
      handshake_first: true
      timeout: 5
    }
  } ]
}
`;
}
