import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadScript } from '../../scripts/support/load-script.ts';
import { freePort, type LocalApp, startLocalApp } from './local-app.ts';

type Apt = { aptInstall(packages: readonly string[], options: { env: NodeJS.ProcessEnv }): Promise<void> };

const BINARY = '/usr/sbin/nginx';
const MODULE = '/usr/lib/nginx/modules/ngx_nchan_module.so';

/**
 * Debian's nginx with nchan, a server of channels: POST `/pub/<channel>` publishes, GET `/sub/<channel>` subscribes by
 * long polling, EventSource or WebSocket, whichever the page asks for. Pages are in `public/`.
 */
export async function startNchan(folder: string): Promise<LocalApp> {
  // The package would start a server of its own on port 80; in run level 1 it does not.
  if (!existsSync(BINARY) || !existsSync(MODULE)) {
    const apt = await loadScript<Apt>('bootstrap/apt-install.mjs');
    await apt.aptInstall(['nginx-light', 'libnginx-mod-nchan'], { env: { ...process.env, RUNLEVEL: '1' } });
  }
  for (const name of ['public', 'tmp']) mkdirSync(join(folder, name), { recursive: true });
  const port = await freePort();
  const config = join(folder, 'nginx.conf');
  writeFileSync(
    config,
    `daemon off;
load_module ${MODULE};
user root;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 128; }
http {
  default_type application/octet-stream;
  types { text/html html; text/plain txt; text/css css; }
  access_log off;
  nchan_max_reserved_memory 16M;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/tmp/${name};`).join('\n  ')}
  server {
    listen 127.0.0.1:${port};
    location / { root ${folder}/public; }
    location ~ ^/pub/(\\w+)$ {
      nchan_publisher http;
      nchan_channel_id $1;
      nchan_message_buffer_length 2000;
      nchan_message_timeout 5m;
    }
    location ~ ^/sub/(\\w+)$ {
      nchan_subscriber websocket eventsource longpoll;
      nchan_channel_id $1;
      nchan_subscriber_first_message oldest;
    }
  }
}
`,
  );
  return startLocalApp({
    command: BINARY,
    args: ['-p', folder, '-e', `${folder}/error.log`, '-c', config],
    port,
    folder,
  });
}
