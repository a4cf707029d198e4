import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { freePort } from '../../bench/free-port.mjs';
import { requireCommand } from '../../bootstrap/run-command.mjs';
import { ask } from '../ask.mjs';
import { patternBlocks } from '../pattern.mjs';
import { privateHosts } from '../private-hosts.mjs';
import { Checks } from '../suite.mjs';
import { debianVersion, requireProgram } from '../tools.mjs';
import { expectEqual } from './size-ladder.mjs';

const TIMEOUT_MS = 120_000;
const START_LIMIT_MS = 10_000;
const LAYER_BYTES = 40_000_000;

/** @type {import('../suite.mjs').Suite} */
export const skopeo = {
  name: 'skopeo',
  judges: 'skopeo pushes an image of 40 MB to docker-registry and pulls it back, under a foreign host name',
  limitMs: 240_000,
  run: async (context) => {
    const program = await requireProgram('skopeo', ['skopeo'], { env: context.env });
    const registry = await startRegistry(context);
    try {
      const front = await context.publish('images', registry.url);
      const own = join(context.folder, 'skopeo');
      for (const folder of [own, join(own, 'certs')]) mkdirSync(folder);
      copyFileSync(front.caFile, join(own, 'certs', 'ca.crt'));
      writeFileSync(join(own, 'policy.json'), JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }));
      const made = writeImage(join(own, 'image'));
      const hosts = await privateHosts(context, [front.host]);
      /** @param {readonly string[]} args */
      const run = (args) => {
        const [first = '', ...rest] = [...hosts, program, '--policy', join(own, 'policy.json'), ...args];
        return requireCommand(first, rest, {
          timeoutMs: TIMEOUT_MS,
          cwd: own,
          env: { PATH: context.env.PATH, HOME: own },
        });
      };
      const image = `docker://${front.host}:${front.port}/a/b:v1`;
      const certs = join(own, 'certs');
      const checks = new Checks();
      await checks.attempt(
        'push',
        async () => void (await run(['copy', '--dest-cert-dir', certs, `oci:${join(own, 'image')}:v1`, image])),
      );
      await checks.attempt('inspect', async () => {
        const { stdout } = await run(['inspect', '--raw', '--cert-dir', certs, image]);
        expectEqual('digest of the layer', JSON.parse(stdout).layers[0].digest, made.layer);
      });
      await checks.attempt('pull gives the same bytes', async () => {
        await run(['copy', '--src-cert-dir', certs, image, `oci:${join(own, 'back')}:v1`]);
        const back = readFileSync(join(own, 'back', 'blobs', 'sha256', made.layer.slice('sha256:'.length)));
        expectEqual('SHA-256', `sha256:${sha256(back)}`, made.layer);
      });
      await checks.attempt(
        'a second push finds what is there',
        async () => void (await run(['copy', '--dest-cert-dir', certs, `oci:${join(own, 'image')}:v1`, image])),
      );
      checks.notes.push(`docker-registry ${await debianVersion('docker-registry')}`);
      return checks.outcome(await debianVersion('skopeo'));
    } finally {
      await registry.stop();
    }
  },
};

/** @param {import('../world.mjs').Context} context */
async function startRegistry({ env, folder, children }) {
  const program = await requireProgram('docker-registry', ['docker-registry'], { env, startsService: true });
  const own = join(folder, 'registry');
  mkdirSync(own);
  const port = await freePort();
  const config = join(own, 'registry.yml');
  writeFileSync(
    config,
    `version: 0.1\nlog: { level: warn }\nstorage: { filesystem: { rootdirectory: ${own} } }\nhttp: { addr: "127.0.0.1:${port}", secret: conformance }\n`,
  );
  const child = children.start('docker-registry', program, ['serve', config], { cwd: own });
  const deadline = Date.now() + START_LIMIT_MS;
  while ((await ask(port, { path: '/v2/' }).catch(() => undefined))?.status !== 200) {
    if (!child.isRunning() || Date.now() > deadline)
      throw new Error(`docker-registry did not start: ${child.lastWords()}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { url: `http://127.0.0.1:${port}/`, stop: () => child.stop() };
}

/**
 * An image in the OCI layout, made here: nothing comes from outside.
 * @param {string} folder
 */
function writeImage(folder) {
  const blobs = join(folder, 'blobs', 'sha256');
  mkdirSync(blobs, { recursive: true });
  const tar = tarOf('payload.bin', Buffer.concat([...patternBlocks(LAYER_BYTES)]));
  /**
   * @param {Buffer} bytes
   * @param {string} mediaType
   */
  const put = (bytes, mediaType) => {
    const digest = sha256(bytes);
    writeFileSync(join(blobs, digest), bytes);
    return { mediaType, digest: `sha256:${digest}`, size: bytes.length };
  };
  const kind = (/** @type {string} */ name) => `application/vnd.oci.image.${name}`;
  const layer = put(gzipSync(tar, { level: 1 }), kind('layer.v1.tar+gzip'));
  const settings = {
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(tar)}`] },
    config: {},
  };
  const config = put(Buffer.from(JSON.stringify(settings)), kind('config.v1+json'));
  const manifest = { schemaVersion: 2, mediaType: kind('manifest.v1+json'), config, layers: [layer] };
  const top = {
    ...put(Buffer.from(JSON.stringify(manifest)), kind('manifest.v1+json')),
    annotations: { 'org.opencontainers.image.ref.name': 'v1' },
  };
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [top] }));
  writeFileSync(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  return { layer: layer.digest };
}

/**
 * A tar archive of one file (POSIX ustar).
 * @param {string} name
 * @param {Buffer} bytes
 */
function tarOf(name, bytes) {
  const head = Buffer.alloc(512);
  head.write(name, 0);
  head.write('0000644\0', 100);
  head.write('0000000\0', 108);
  head.write('0000000\0', 116);
  head.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124);
  head.write('00000000000\0', 136);
  head.write('        ', 148);
  head.write('0', 156);
  head.write('ustar\x0000', 257);
  const sum = head.reduce((total, byte) => total + byte, 0);
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const padding = Buffer.alloc(((512 - (bytes.length % 512)) % 512) + 1024);
  return Buffer.concat([head, bytes, padding]);
}

/** @param {Buffer} bytes */
function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}
