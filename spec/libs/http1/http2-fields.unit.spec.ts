import { connect, constants, createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { addHttp2Field, createHttp2Headers } from '#libs/http1';

const NAMES: readonly string[] = [
  ...Object.entries(constants)
    .filter(([key, value]) => key.startsWith('HTTP2_HEADER_') && !String(value).startsWith(':'))
    .map(([, value]) => String(value)),
  'access-control-max-age',
  'content-language',
  'content-location',
  'content-md5',
  'content-range',
  'dnt',
  'expires',
  'from',
  'if-match',
  'if-unmodified-since',
  'max-forwards',
  'retry-after',
  'tk',
  'x-own',
];

describe('header objects of HTTP/2', () => {
  const server = createServer();
  let stream: ServerHttp2Stream;
  let close: () => void;
  before(async () => {
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve());
    });
    const opened = new Promise<ServerHttp2Stream>((resolve) => server.once('stream', resolve));
    const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    client.on('error', () => undefined);
    client.request({ ':path': '/' }).on('error', () => undefined);
    stream = await opened;
    // The client likes none of these answers.
    stream.on('error', () => undefined);
    close = () => client.destroy();
  });
  after(() => {
    close();
    server.close();
  });

  it('are such that this Node takes every field that came twice', () => {
    const refused: string[] = [];
    for (const name of NAMES) {
      const headers = createHttp2Headers();
      headers[':status'] = '103';
      addHttp2Field(headers, name, 'a');
      addHttp2Field(headers, name, 'b');
      try {
        stream.additionalHeaders(headers);
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ERR_HTTP2_HEADER_SINGLE_VALUE')
          refused.push(name);
      }
    }
    expect(refused).to.deep.equal([]);
  });

  it('keep both values of a name that may stand twice, and say which they did not', () => {
    const headers = createHttp2Headers();
    const added = [
      addHttp2Field(headers, 'set-cookie', 'a=1'),
      addHttp2Field(headers, 'set-cookie', 'b=2'),
      addHttp2Field(headers, 'etag', 'a'),
      addHttp2Field(headers, 'etag', 'a'),
      addHttp2Field(headers, 'etag', 'b'),
      addHttp2Field(headers, '__proto__', 'x'),
      addHttp2Field(headers, 'constructor', 'x'),
    ];
    expect(added).to.deep.equal([true, true, true, true, false, false, true]);
    expect(Object.entries(headers)).to.deep.equal([
      ['set-cookie', ['a=1', 'b=2']],
      ['etag', 'a'],
      ['constructor', 'x'],
    ]);
  });
});
