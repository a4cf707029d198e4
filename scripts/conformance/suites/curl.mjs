import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { requireCommand } from '../../bootstrap/run-command.mjs';
import { patternBlocks } from '../pattern.mjs';
import { Checks } from '../suite.mjs';
import { requireProgram } from '../tools.mjs';

const TIMEOUT_MS = 60_000;
const FILE_BYTES = 5_000_000;

/** @type {import('../suite.mjs').Suite} */
export const curl = {
  name: 'curl',
  judges: 'curl under a foreign host name: methods, versions, uploads, Expect, and no internal name in an answer',
  limitMs: 120_000,
  run: async ({ env, folder, originPort, passthrough }) => {
    const program = await requireProgram('curl', ['curl'], { env });
    const file = join(folder, 'curl-upload.bin');
    writeFileSync(file, Buffer.concat([...patternBlocks(FILE_BYTES)]));
    const version = (await requireCommand(program, ['--version'], { timeoutMs: TIMEOUT_MS })).stdout;
    const http2 = / HTTP2( |$)/m.test(version);
    const { url } = passthrough;
    /** @type {readonly (readonly [string, readonly string[]])[]} */
    const cases = [
      ['GET', ['small']],
      ['GET in HTTP/1.0', ['small', '--http1.0']],
      ...(http2 ? [/** @type {const} */ (['GET asking for HTTP/2', ['small', '--http2']])] : []),
      ['GET over TLS 1.2 at most', ['small', '--tls-max', '1.2']],
      ['GET over TLS 1.3', ['small', '--tlsv1.3']],
      ['HEAD', ['small', '--head']],
      ['OPTIONS', ['', '--request', 'OPTIONS']],
      ['DELETE with a body', ['', '--request', 'DELETE', '--data', 'a body']],
      ['PATCH', ['', '--request', 'PATCH', '--data', 'a body']],
      ['REPORT', ['', '--request', 'REPORT', '--data', 'a body']],
      ['a form', ['', '--data', 'a=b&c=d']],
      ['an upload with Expect', ['hash', '--upload-file', file, '--header', 'Expect: 100-continue']],
      ['an upload without Expect', ['hash', '--upload-file', file, '--header', 'Expect:']],
      ['an upload in chunks', ['hash', '--upload-file', file, '--header', 'Transfer-Encoding: chunked']],
      ['a download in chunks', [`big?n=${FILE_BYTES}&chunked`]],
      ['cookies', ['cookie', '--cookie', 'a=b; c="d e"; sallyport-lookalike=1']],
      ['two requests on one connection', ['small', `${url}small`]],
    ];
    const checks = new Checks();
    const leaks = new RegExp(`127\\.0\\.0\\.1|localhost:${originPort}|:${originPort}\\b`);
    for (const [what, [path = '', ...more]] of cases) {
      await checks.attempt(what, async () => {
        const own = more.filter((arg) => !/^--(http|tls)/.test(arg) && arg !== '1.2');
        const direct = await ask(
          program,
          `http://127.0.0.1:${originPort}/${path}`,
          own.map((arg) => arg.replace(url, `http://127.0.0.1:${originPort}/`)),
          [],
        );
        const through = await ask(program, `${url}${path}`, more, ['--cacert', passthrough.caFile]);
        if (direct.body !== through.body) throw new Error(`the body is ${through.summary}, direct ${direct.summary}`);
        if (direct.statuses !== through.statuses)
          throw new Error(`statuses ${through.statuses}, direct ${direct.statuses}`);
        const leak = leaks.exec(through.head);
        if (leak !== null) throw new Error(`the head of the answer names ${leak[0]}`);
      });
    }
    checks.notes.push('bodies and statuses compared with those of the origin itself');
    return checks.outcome(/^curl (\S+)/.exec(version)?.[1] ?? 'unknown');

    /**
     * @param {string} command
     * @param {string} where
     * @param {readonly string[]} more
     * @param {readonly string[]} trust
     */
    async function ask(command, where, more, trust) {
      const body = join(folder, 'curl-body');
      const head = join(folder, 'curl-head');
      writeFileSync(body, '');
      const args = [
        '--silent',
        '--show-error',
        '--max-time',
        '30',
        '--noproxy',
        '*',
        ...trust,
        '--dump-header',
        head,
        '--output',
        body,
      ];
      await requireCommand(command, [...args, ...more, where], { timeoutMs: TIMEOUT_MS });
      const text = readFileSync(head, 'latin1');
      const bytes = more.includes('--head') ? Buffer.alloc(0) : readFileSync(body);
      const statuses = [...text.matchAll(/^HTTP\/[\d.]+ (\d+)/gm)]
        .map((match) => match[1])
        .filter((status) => status !== '100');
      return {
        body: createHash('sha256').update(bytes).digest('hex'),
        summary: `${bytes.length} bytes, ${bytes.subarray(0, 60).toString('latin1')}`,
        head: text,
        statuses: statuses.join(' '),
      };
    }
  },
};
