import { chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { requireCommand } from '../../bootstrap/run-command.mjs';
import { freePort } from '../free-port.mjs';
import { requireSameWork, TLS_CIPHER } from './target.mjs';
import { untilListening } from './until-listening.mjs';

const KEYGEN_TIMEOUT_MS = 10_000;

/** Where Debian keeps them when they are not on PATH. */
const SYSTEM_FOLDER = '/usr/sbin';

/**
 * nginx ends TLS and keeps connections to the end of an `ssh -R` tunnel to the origin. Both run from files of a temporary
 * folder, as an unprivileged user, on 127.0.0.1; nothing of the system's own nginx and sshd is read or written.
 * @param {import('./target.mjs').Surroundings} surroundings
 * @returns {Promise<import('./target.mjs').Started>}
 */
export async function startNginxSsh(surroundings) {
  const { children, origin, certificate, folder: parent } = surroundings;
  const user = unprivilegedUser();
  const folder = join(parent, 'nginx-ssh');
  mkdirSync(folder, { mode: 0o700 });
  /** @param {string} file */
  const own = (file) => {
    if (user.uid !== undefined && user.gid !== undefined) chownSync(file, user.uid, user.gid);
    return file;
  };
  own(folder);
  /**
   * @param {string} name
   * @param {string | Uint8Array} text
   */
  const write = (name, text) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return own(join(folder, name));
  };
  for (const name of ['host', 'user']) {
    const file = join(folder, name);
    await requireCommand('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'bench', '-f', file], {
      timeoutMs: KEYGEN_TIMEOUT_MS,
    });
    own(file);
    own(`${file}.pub`);
  }
  const [sshPort, tunnelPort, frontPort] = [await freePort(), await freePort(), await freePort()];
  const hostKey = readFileSync(join(folder, 'host.pub'), 'utf8');
  write('known_hosts', `[127.0.0.1]:${sshPort} ${hostKey}`);
  const as = { uid: user.uid, gid: user.gid, cwd: folder };

  const sshd = children.start(
    'sshd',
    join(SYSTEM_FOLDER, 'sshd'),
    ['-D', '-e', '-f', write('sshd_config', sshdConfig(folder, sshPort))],
    as,
  );
  await untilListening(sshd, sshPort);
  const ssh = children.start('ssh', 'ssh', sshArguments({ folder, sshPort, tunnelPort, user: user.name, origin }), as);
  await untilListening(ssh, tunnelPort);

  const tls = {
    cert: write('front.crt', readFileSync(certificate.certFile)),
    key: write('front.key', readFileSync(certificate.keyFile)),
  };
  const nginxConf = write('nginx.conf', nginxConfig({ folder, frontPort, tunnelPort, ...tls }));
  const nginx = children.start(
    'nginx',
    nginxPath(),
    ['-e', 'stderr', '-p', folder, '-c', nginxConf, '-g', 'daemon off;'],
    as,
  );
  const front = { host: certificate.host, port: frontPort, caFile: certificate.certFile };
  await untilListening(nginx, frontPort);
  await requireSameWork('nginx-ssh', front);
  const processes = { nginx: nginx.pid, sshd: sshd.pid, ssh: ssh.pid, origin: origin.pid };
  return { targets: [{ name: 'nginx-ssh', front, processes, watched: ['nginx', 'sshd', 'ssh'] }], absent: [] };
}

/** @returns {string | undefined} what is not installed */
export function missingForNginxSsh() {
  const missing = ['nginx', 'sshd'].filter((name) => !existsSync(join(SYSTEM_FOLDER, name)));
  return missing.length === 0 ? undefined : `${missing.join(' and ')} not in ${SYSTEM_FOLDER}`;
}

function nginxPath() {
  return join(SYSTEM_FOLDER, 'nginx');
}

/**
 * Root gives up its rights: sshd as root would want a folder of the system, and neither needs to be root. Not `nobody`,
 * whose account sshd takes for locked.
 * @returns {{ name: string, uid?: number | undefined, gid?: number | undefined }}
 */
function unprivilegedUser() {
  if (process.getuid?.() !== 0) return { name: userInfo().username };
  const line = /^daemon:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'));
  if (line === null) throw new Error('this machine has no user daemon, which nginx and sshd would run as');
  return { name: 'daemon', uid: Number(line[1]), gid: Number(line[2]) };
}

/**
 * @param {string} folder
 * @param {number} port
 */
function sshdConfig(folder, port) {
  return `ListenAddress 127.0.0.1:${port}
HostKey ${join(folder, 'host')}
AuthorizedKeysFile ${join(folder, 'user.pub')}
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
AllowTcpForwarding remote
LogLevel ERROR
`;
}

/** @param {{ folder: string, sshPort: number, tunnelPort: number, user: string, origin: { httpPort: number } }} input */
function sshArguments({ folder, sshPort, tunnelPort, user, origin }) {
  const options = [
    'IdentitiesOnly=yes',
    'BatchMode=yes',
    'StrictHostKeyChecking=yes',
    'GlobalKnownHostsFile=/dev/null',
    `UserKnownHostsFile=${join(folder, 'known_hosts')}`,
    'ExitOnForwardFailure=yes',
    'ServerAliveInterval=15',
  ];
  return [
    '-N',
    '-F',
    'none',
    '-i',
    join(folder, 'user'),
    '-p',
    `${sshPort}`,
    ...options.flatMap((option) => ['-o', option]),
    '-R',
    `127.0.0.1:${tunnelPort}:127.0.0.1:${origin.httpPort}`,
    `${user}@127.0.0.1`,
  ];
}

/**
 * Streams both ways instead of spooling whole bodies to disk, as Sallyport does; connections are kept on both sides.
 * @param {{ folder: string, frontPort: number, tunnelPort: number, cert: string, key: string }} input
 */
function nginxConfig({ folder, frontPort, tunnelPort, cert, key }) {
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `  ${name}_temp_path ${join(folder, `${name}_temp`)};`)
    .join('\n');
  return `worker_processes auto;
pid ${join(folder, 'nginx.pid')};
events { worker_connections 16384; }
http {
${temp}
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 120s;
  keepalive_requests 100000000;
  # A WebSocket switches protocols; every other request leaves the connection to the tunnel open.
  map $http_upgrade $to_tunnel { default upgrade; '' ''; }
  upstream tunnel {
    server 127.0.0.1:${tunnelPort};
    keepalive 512;
    keepalive_requests 100000000;
  }
  server {
    listen 127.0.0.1:${frontPort} ssl backlog=1024;
    ssl_certificate ${cert};
    ssl_certificate_key ${key};
    ssl_protocols TLSv1.3;
    ssl_conf_command Ciphersuites ${TLS_CIPHER};
    client_max_body_size 0;
    location / {
      proxy_pass http://tunnel;
      proxy_http_version 1.1;
      proxy_set_header Connection $to_tunnel;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto https;
      proxy_request_buffering off;
      proxy_max_temp_file_size 0;
      proxy_read_timeout 300s;
      proxy_send_timeout 300s;
    }
  }
}
`;
}
