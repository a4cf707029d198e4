import { expect } from 'chai';
import { describe, it } from 'mocha';
import { loadScript } from '../support/load-script.ts';

type Message = { readonly opcode: number; readonly payload: Buffer };
const { acceptOf, encodeFrame, FrameReader } = await loadScript<{
  readonly acceptOf: (key: string) => string;
  readonly encodeFrame: (opcode: number, payload: Buffer, options: { readonly isMasked: boolean }) => Buffer;
  readonly FrameReader: new () => { readonly read: (bytes: Buffer) => Message[] };
}>('bench/websocket/frames.mjs');
const { StampReader } = await loadScript<{
  readonly StampReader: new () => { readonly read: (text: string) => bigint[] };
}>('bench/event-stream.mjs');
const { LeafReader, MAX_HELD_BYTES } = await loadScript<{
  readonly LeafReader: new () => {
    readonly read: (bytes: Buffer) => { readonly line: string; readonly payload: Buffer | undefined }[];
  };
  readonly MAX_HELD_BYTES: number;
}>('bench/connectors/leaf-reader.mjs');

const TEXT = 1;

describe('bench: WebSocket frames', () => {
  it('answers the key of RFC 6455, 1.3', () => {
    expect(acceptOf('dGhlIHNhbXBsZSBub25jZQ==')).to.equal('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  });

  it('writes the unmasked text of RFC 6455, 5.7, and reads its masked one', () => {
    expect(encodeFrame(TEXT, Buffer.from('Hello'), { isMasked: false }).toString('hex')).to.equal('810548656c6c6f');
    const [message] = new FrameReader().read(Buffer.from('818537fa213d7f9f4d5158', 'hex'));
    expect(message?.payload.toString()).to.equal('Hello');
  });

  for (const size of [0, 125, 126, 65_535, 65_536]) {
    for (const isMasked of [true, false]) {
      it(`reads ${size} bytes as they were written, ${isMasked ? 'masked' : 'plain'}, in pieces`, () => {
        const payload = Buffer.alloc(size, 'abcdefg');
        const bytes = Buffer.concat([encodeFrame(2, payload, { isMasked }), encodeFrame(TEXT, payload, { isMasked })]);
        const reader = new FrameReader();
        const messages: Message[] = [];
        for (const cut of [1, 3, 9, bytes.length]) {
          const from = cut === 1 ? 0 : cut === 3 ? 1 : cut === 9 ? 3 : 9;
          messages.push(...reader.read(bytes.subarray(from, cut)));
        }
        expect(messages.map(({ opcode }) => opcode)).to.deep.equal([2, TEXT]);
        expect(messages.every((message) => message.payload.equals(payload))).to.equal(true);
      });
    }
  }

  it('refuses fragments and frames that are too large', () => {
    expect(() => new FrameReader().read(Buffer.from([0x01, 0x00]))).to.throw('fragment');
    expect(() => new FrameReader().read(Buffer.from('827f00000000ffffffff', 'hex'))).to.throw('expected at most');
  });
});

describe('bench: stamps of an event stream', () => {
  it('are found wherever the text is cut', () => {
    const text = 'data: 0 100\n\ndata: 1 250\n\n';
    for (let cut = 0; cut <= text.length; cut += 1) {
      const reader = new StampReader();
      const stamps = [...reader.read(text.slice(0, cut)), ...reader.read(text.slice(cut))];
      expect(stamps, `cut at ${cut}`).to.deep.equal([100n, 250n]);
    }
  });

  it('must be without a gap, and of the origin', () => {
    expect(() => new StampReader().read('data: 0 1\n\ndata: 2 3\n\n')).to.throw('event 2 came, expected 1');
    expect(() => new StampReader().read('event: error\n\n')).to.throw('not an event of the origin');
  });
});

describe('bench: the protocol of leaf links', () => {
  const bytes = Buffer.from('INFO {"a":1}\r\nLMSG tun.c.x 4\r\na\r\nb\r\nPING\r\nHMSG s 2 3\r\nabc\r\n');

  it('is read in whatever pieces it comes', () => {
    for (let step = 1; step <= bytes.length; step += 1) {
      const reader = new LeafReader();
      const seen: string[] = [];
      for (let at = 0; at < bytes.length; at += step)
        for (const { line, payload } of reader.read(bytes.subarray(at, at + step)))
          seen.push(payload === undefined ? line : `${line}=${payload.toString()}`);
      expect(seen, `in pieces of ${step}`).to.deep.equal([
        'INFO {"a":1}',
        'LMSG tun.c.x 4=a\r\nb',
        'PING',
        'HMSG s 2 3=abc',
      ]);
    }
  });

  it('holds no more than a bound', () => {
    expect(() => new LeafReader().read(Buffer.alloc(MAX_HELD_BYTES + 1, 'x'))).to.throw('without an end');
  });
});
