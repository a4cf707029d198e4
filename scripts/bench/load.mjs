import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { howItEnded, lastWords, runCommand } from '../bootstrap/run-command.mjs';
import { headersOf, requestOptionsOf } from './front.mjs';
import { parseWrk } from './parse-wrk.mjs';

export const SMALL_BODY_BYTES = 1024;
/** Headers an answer may carry on top of its body before the answer counts as another one than was asked for. */
const MAX_HEADER_BYTES = 4096;
/** wrk prints three digits of the bytes it read. */
const PRINTED_PRECISION = 0.99;
const WRK_GRACE_MS = 20_000;
const ANSWER_TIMEOUT_SECONDS = 10;
export const TRANSFER_TIMEOUT_SECONDS = 600;
const PROBE_TIMEOUT_MS = 5_000;

/** @typedef {import('./front.mjs').Front} Front */

/**
 * One round of GET /1k over keep-alive connections.
 * @param {Front} front
 * @param {{ connections: number, seconds: number, hosts?: readonly string[], isNewClient?: boolean, folder?: string }} load
 * `hosts`: each request names the next of these instead of the front's own; `isNewClient`: each request names a user agent that
 * none has named before. Both need a folder for the script that does it, and only one can be had
 * @returns {Promise<import('./parse-wrk.mjs').WrkResult & { invalid: string | undefined }>} `invalid` says why the
 * numbers do not count
 */
export async function runWrk(front, { connections, seconds, hosts = [], isNewClient = false, folder = '' }) {
  const asked = front.wrkHost === undefined ? front : { ...front, host: front.wrkHost };
  const headers = headersOf(asked).flatMap((header) => ['-H', header]);
  if (hosts.length > 0) headers.push('-s', writeHostScript(folder, hosts, front.port));
  else if (isNewClient) headers.push('-s', writeNewClientScript(folder));
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', `--timeout`, `${ANSWER_TIMEOUT_SECONDS}s`];
  const limit = { timeoutMs: seconds * 1000 + WRK_GRACE_MS };
  const run = await runCommand('wrk', [...args, ...headers, `https://127.0.0.1:${front.port}/1k`], limit);
  if (run.code !== 0) throw new Error(`wrk ${howItEnded(run, limit.timeoutMs)}: ${lastWords(run)}`);
  const result = parseWrk(run.stdout);
  return { ...result, invalid: whyWrkIsInvalid(result) };
}

/**
 * A script for wrk: no user agent twice, not in another run either.
 * @param {string} folder
 */
function writeNewClientScript(folder) {
  const file = join(folder, 'new-clients.lua');
  const text = `local count = 0
function request()
  count = count + 1
  wrk.headers['User-Agent'] = 'bench ${Date.now()} ' .. count
  return wrk.format()
end
`;
  writeFileSync(file, text);
  return file;
}

/**
 * A script for wrk: requests made once, sent in turn.
 * @param {string} folder
 * @param {readonly string[]} hosts
 * @param {number} port
 */
function writeHostScript(folder, hosts, port) {
  const file = join(folder, 'hosts.lua');
  const text = `local requests = {}
local at = 0
function init()
  for host in ([[${hosts.join(' ')}]]):gmatch('%S+') do
    requests[#requests + 1] = wrk.format('GET', '/1k', { ['Host'] = host .. ':${port}' })
  end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
`;
  writeFileSync(file, text);
  return file;
}

/**
 * @param {import('./parse-wrk.mjs').WrkResult} result
 * @returns {string | undefined}
 */
export function whyWrkIsInvalid({ requests, bytesRead, socketErrors, non2xx }) {
  if (requests === 0) return 'no request was answered';
  if (non2xx > 0) return `${non2xx} of ${requests} answers were errors`;
  if (socketErrors > 0) return `${socketErrors} socket errors or answers later than ${ANSWER_TIMEOUT_SECONDS} s`;
  const size = bytesRead / requests;
  if (size >= SMALL_BODY_BYTES * PRINTED_PRECISION && size <= SMALL_BODY_BYTES + MAX_HEADER_BYTES) return undefined;
  return `answers had ${Math.round(size)} bytes, expected ${SMALL_BODY_BYTES} and headers`;
}

/**
 * One transfer by curl over HTTP/1.1.
 * @param {Front} front
 * @param {{ direction: 'download' | 'upload', bytes: number, file: string }} transfer file of `bytes` bytes to upload
 * @returns {Promise<{ megabytesPerSecond: number, seconds: number }>}
 * @throws {Error} when the status is not 200 or not every byte arrived
 */
export async function runTransfer(front, { direction, bytes, file }) {
  const url = `https://${front.host}:${front.port}`;
  const what =
    direction === 'download'
      ? ['--output', '/dev/null', `${url}/big?bytes=${bytes}`]
      : // Without Expect: whether a front answers 100 quickly is another question than how fast it moves bytes.
        ['--request', 'POST', '--header', 'Expect:', '--upload-file', file, `${url}/sink`];
  const run = await curl(front, ['--max-time', `${TRANSFER_TIMEOUT_SECONDS}`, '--write-out', '\n%{json}', ...what]);
  const cut = run.stdout.lastIndexOf('\n');
  const facts = JSON.parse(run.stdout.slice(cut + 1));
  if (facts.http_code !== 200)
    throw new Error(`answered ${facts.http_code}: ${run.stdout.slice(0, cut).trim().slice(0, 200)}`);
  const arrived = direction === 'download' ? facts.size_download : JSON.parse(run.stdout.slice(0, cut)).received;
  if (arrived !== bytes) throw new Error(`${arrived} bytes arrived, expected ${bytes}`);
  return { megabytesPerSecond: bytes / 1e6 / facts.time_total, seconds: facts.time_total };
}

/**
 * @param {Front} front
 * @param {readonly string[]} args
 */
async function curl(front, args) {
  const timeoutMs = (TRANSFER_TIMEOUT_SECONDS + 10) * 1000;
  const same = ['--silent', '--show-error', '--http1.1', '--cacert', front.caFile];
  const resolve = ['--resolve', `${front.host}:${front.port}:127.0.0.1`];
  const cookie = front.cookie === undefined ? [] : ['--header', `Cookie: ${front.cookie}`];
  const run = await runCommand('curl', [...same, ...resolve, ...cookie, ...args], { timeoutMs });
  if (run.code === 0) return run;
  throw new Error(`curl ${howItEnded(run, timeoutMs)}: ${lastWords(run)}`);
}

/**
 * One GET /1k, with what its connection agreed on.
 * @param {Front} front
 * @param {string} ca in PEM
 * @returns {Promise<{ status: number, bytes: number, protocol: string, cipher: string, curve: string }>}
 */
export function probe(front, ca) {
  return new Promise((resolve, reject) => {
    const call = request({ ...requestOptionsOf(front, ca, '/1k'), timeout: PROBE_TIMEOUT_MS });
    call.on('timeout', () => call.destroy(new Error(`no answer within ${PROBE_TIMEOUT_MS} ms`)));
    call.on('error', reject);
    call.on('response', (response) => {
      const socket = /** @type {import('node:tls').TLSSocket} */ (response.socket);
      const tls = {
        protocol: socket.getProtocol() ?? '',
        cipher: socket.getCipher().standardName,
        curve: socket.getPeerCertificate().asn1Curve ?? '',
      };
      let bytes = 0;
      response.on('data', (/** @type {Buffer} */ chunk) => {
        bytes += chunk.length;
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, bytes, ...tls }));
    });
    call.end();
  });
}
