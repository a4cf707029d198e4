import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadScript } from '../../scripts/support/load-script.ts';
import { freePort, type LocalApp, startLocalApp } from './local-app.ts';

type Apt = { aptInstall(packages: readonly string[], options: { env: NodeJS.ProcessEnv }): Promise<void> };

const BINARY = '/usr/sbin/nginx';

/** Debian's nginx as a file share: lists `files/`, takes uploads by PUT below `/uploads/`, serves `public/`. */
export async function startNginx(folder: string): Promise<LocalApp> {
  // The package would start a server of its own on port 80; in run level 1 it does not.
  if (!existsSync(BINARY)) {
    const apt = await loadScript<Apt>('bootstrap/apt-install.mjs');
    await apt.aptInstall(['nginx-light'], { env: { ...process.env, RUNLEVEL: '1' } });
  }
  for (const name of ['public', 'files', 'uploads', 'tmp']) mkdirSync(join(folder, name), { recursive: true });
  const port = await freePort();
  const config = join(folder, 'nginx.conf');
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
