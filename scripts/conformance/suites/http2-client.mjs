import { createHash } from 'node:crypto';
import { connect } from 'node:http2';
import { patternBlocks, patternHash } from '../pattern.mjs';
import { Checks } from '../suite.mjs';
import { requireHttp2 } from './http2-requests.mjs';
import { expectEqual } from './size-ladder.mjs';

const MIB = 1024 * 1024;
const BODY_BYTES = 64 * MIB;
const STREAMS = 200;
const TIMEOUT_MS = 60_000;
/** What a proxy adds that the origin must not see twice, and what HTTP/2 has not. */
const HOP_FIELDS = /^(connection|keep-alive|transfer-encoding|upgrade|proxy-connection): /im;

/** @typedef {import('node:http2').ClientHttp2Session} Session */

/** @type {import('../suite.mjs').Suite} */
export const http2Client = {
  name: 'http2-client',
  judges: 'the HTTP/2 client of Node.js: concurrent streams, 64 MiB both ways, methods, resets, WebSocket (RFC 8441)',
  limitMs: 180_000,
  run: async ({ passthrough, signedIn, wsFolder }) => {
    await requireHttp2(passthrough);
    const checks = new Checks();
    for (const [who, front] of /** @type {const} */ ([
      ['passthrough', passthrough],
      ['signed in', signedIn],
    ])) {
      const session = connect(front.url, { ca: front.ca, lookup: loopback, servername: front.host });
      session.on('error', () => undefined);
      /** @param {Question} question */
      const ask = (question) => askOver(session, front, question);
      await checks.attempt(`${who}: ${STREAMS} requests at once`, async () => {
        const answers = await Promise.all(Array.from({ length: STREAMS }, () => ask({ path: '/small' })));
        for (const { status, body } of answers) expectEqual('answer', `${status} ${body}`, '200 small');
      });
      await checks.attempt(`${who}: download of 64 MiB`, async () => {
        const { status, sha256 } = await ask({ path: `/big?n=${BODY_BYTES}` });
        expectEqual('status', status, 200);
        expectEqual('SHA-256', sha256, patternHash(BODY_BYTES));
      });
      await checks.attempt(`${who}: upload of 64 MiB`, async () => {
        const { body } = await ask({ path: '/hash', method: 'PUT', blocks: patternBlocks(BODY_BYTES) });
        expectEqual('SHA-256', JSON.parse(body).sha256, patternHash(BODY_BYTES));
      });
      for (const method of ['HEAD', 'OPTIONS', 'DELETE', 'PATCH', 'PROPFIND'])
        await checks.attempt(`${who}: ${method}`, async () => {
          const blocks = method === 'HEAD' ? undefined : [Buffer.from('a body')];
          const { status, body } = await ask({ path: '/', method, ...(blocks === undefined ? {} : { blocks }) });
          expectEqual('answer', `${status} ${body}`, method === 'HEAD' ? '200 ' : '200 a body');
        });
      await checks.attempt(`${who}: cookies in pieces arrive as one field`, async () => {
        const { body } = await ask({
          path: '/cookie',
          fields: { cookie: ['a=b', 'c=d', ...(front.cookie === undefined ? [] : [front.cookie])] },
        });
        expectEqual('cookies', body.trim(), 'a=b\nc=d');
      });
      await checks.attempt(`${who}: the origin sees HTTP/1.1 of its own`, async () => {
        const { body } = await ask({ path: '/echo' });
        const hop = HOP_FIELDS.exec(body)?.[0];
        if (hop !== undefined && !/^connection: keep-alive/i.test(body.slice(body.indexOf(hop))))
          throw new Error(`it got ${hop}`);
      });
      await checks.attempt(`${who}: a stream that is reset leaves the others alone`, async () => {
        const broken = session.request({ ':path': `/big?n=${BODY_BYTES}`, ...authorityOf(front) });
        broken.on('error', () => undefined);
        broken.once('data', () => broken.close(8));
        const { body } = await ask({ path: '/small' });
        expectEqual('answer', body, 'small');
      });
      if (wsFolder !== undefined)
        await checks.attempt(`${who}: a WebSocket (RFC 8441)`, () => echoOverConnect(session, front));
      session.destroy();
    }
    return checks.outcome(`node ${process.versions.node}`);
  },
};

/**
 * @typedef {object} Question
 * @property {string} path
 * @property {string} [method]
 * @property {Iterable<Buffer>} [blocks]
 * @property {Record<string, string | string[]>} [fields]
 */

/** @type {import('node:net').LookupFunction} */
function loopback(_name, options, done) {
  const found = { address: '127.0.0.1', family: 4 };
  if (options.all === true) done(null, [found]);
  else done(null, found.address, found.family);
}

/**
 * @param {import('../world.mjs').Front} front
 * @returns {Record<string, string>}
 */
function authorityOf({ host, port, cookie }) {
  return { ':authority': `${host}:${port}`, ...(cookie === undefined ? {} : { cookie }) };
}

/**
 * @param {Session} session
 * @param {import('../world.mjs').Front} front
 * @param {Question} question
 * @returns {Promise<{ status: number, body: string, sha256: string }>} the first KiB of the body, and the hash of all
 */
function askOver(session, front, { path, method = 'GET', blocks, fields = {} }) {
  return new Promise((resolve, reject) => {
    const stream = session.request(
      { ...authorityOf(front), ':path': path, ':method': method, ...fields },
      { endStream: blocks === undefined },
    );
    stream.setTimeout(TIMEOUT_MS, () => stream.destroy(new Error(`nothing came for ${TIMEOUT_MS} ms`)));
    let status = 0;
    let body = '';
    const hash = createHash('sha256');
    stream.on('response', (head) => {
      status = Number(head[':status']);
    });
    stream.on('data', (/** @type {Buffer} */ chunk) => {
      hash.update(chunk);
      if (body.length < 1024) body += chunk.toString('latin1');
    });
    stream.on('error', reject);
    stream.on('end', () => resolve({ status, body, sha256: hash.digest('hex') }));
    if (blocks !== undefined) void send(stream, blocks).catch(reject);
  });
}

/**
 * @param {import('node:http2').ClientHttp2Stream} stream
 * @param {Iterable<Buffer>} blocks
 */
async function send(stream, blocks) {
  for (const block of blocks) {
    if (stream.destroyed) return;
    if (!stream.write(block))
      await new Promise((resolve) => {
        stream.once('drain', resolve);
        stream.once('close', resolve);
      });
  }
  stream.end();
}

/**
 * One text message there and back, masked by hand.
 * @param {Session} session
 * @param {import('../world.mjs').Front} front
 */
async function echoOverConnect(session, front) {
  if (session.remoteSettings.enableConnectProtocol !== true)
    throw new Error('SETTINGS_ENABLE_CONNECT_PROTOCOL is not offered');
  const stream = session.request(
    {
      ...authorityOf(front),
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':scheme': 'https',
      ':path': '/',
      'sec-websocket-version': '13',
    },
    { endStream: false },
  );
  const answer = await new Promise((resolve, reject) => {
    stream.setTimeout(TIMEOUT_MS, () => reject(new Error('no answer')));
    stream.on('error', reject);
    stream.on('response', (head) => {
      if (head[':status'] !== 200) reject(new Error(`answered ${head[':status']}`));
      stream.write(Buffer.concat([Buffer.from([0x81, 0x85, 0, 0, 0, 0]), Buffer.from('hello')]));
    });
    stream.on('data', (/** @type {Buffer} */ chunk) => resolve(chunk.toString('latin1')));
  });
  stream.close();
  expectEqual('echo', String(answer), '\x81\x05hello');
}
