import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadScript } from '../../scripts/support/load-script.ts';
import { freePort, type LocalApp, startLocalApp } from './local-app.ts';

type Apt = { aptInstall(packages: readonly string[], options: { env: NodeJS.ProcessEnv }): Promise<void> };

const BINARY = '/usr/sbin/nginx';

/** Who may see `/private/`, with HTTP Basic. */
export const NGINX_USER = { username: 'gateway', password: 'wörd of+nginx' } as const;

/**
 * Debian's nginx as a file share: lists `files/`, takes uploads by PUT below `/uploads/`, serves `public/`, and below `/private/` to
 * NGINX_USER alone, saying who that is.
 */
export async function startNginx(folder: string): Promise<LocalApp> {
  // The package would start a server of its own on port 80; in run level 1 it does not.
  if (!existsSync(BINARY)) {
    const apt = await loadScript<Apt>('bootstrap/apt-install.mjs');
    await apt.aptInstall(['nginx-light'], { env: { ...process.env, RUNLEVEL: '1' } });
  }
  for (const name of ['public', 'files', 'uploads', 'tmp']) mkdirSync(join(folder, name), { recursive: true });
  const port = await freePort();
  const config = join(folder, 'nginx.conf');
  writeFileSync(join(folder, 'users'), `${NGINX_USER.username}:{PLAIN}${NGINX_USER.password}\n`);
  writeFileSync(
    config,
    `daemon off;
user root;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 128; }
http {
  default_type application/octet-stream;
  types { text/html html; text/plain txt; text/css css; }
  access_log off;
  client_max_body_size 0;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/tmp/${name};`).join('\n  ')}
  server {
    listen 127.0.0.1:${port};
    location / { root ${folder}/public; }
    location /files/ { alias ${folder}/files/; autoindex on; }
    location /private/ {
      alias ${folder}/public/;
      auth_basic "nginx";
      auth_basic_user_file ${folder}/users;
      add_header X-Signed-On $remote_user;
    }
    location /uploads/ { alias ${folder}/uploads/; dav_methods PUT DELETE; autoindex on; }
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
