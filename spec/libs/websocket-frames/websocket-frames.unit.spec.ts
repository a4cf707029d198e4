import { expect } from 'chai';
import * as fc from 'fast-check';
import { describe, it } from 'mocha';
import { CLOSE_GOING_AWAY, closeFrame, FrameTracker, HalfSocket } from '#libs/websocket-frames';

type Wish = {
  readonly opcode: number;
  readonly size: number;
  readonly isMasked: boolean;
  readonly lengthBytes: number;
};

const wishes = fc.record({
  opcode: fc.constantFrom(0, 1, 2, 9, 10, 0x81, 0x82, 0xc1),
  size: fc.oneof(fc.integer({ min: 0, max: 130 }), fc.integer({ min: 0xfff0, max: 0x1000f })),
  isMasked: fc.boolean(),
  lengthBytes: fc.constantFrom(0, 2, 8),
});

/** A frame whose length stands in the given number of bytes, or as many as it needs; the payload looks like close frames. */
function frameOf({ opcode, size, isMasked, lengthBytes }: Wish): Buffer {
  let bytes = lengthBytes;
  if (bytes === 0 && size > 125) bytes = 2;
  if (bytes === 2 && size > 0xffff) bytes = 8;
  const header = Buffer.alloc(2 + bytes + (isMasked ? 4 : 0), 0x88);
  header[0] = opcode;
  header[1] = (isMasked ? 0x80 : 0) | (bytes === 0 ? size : 0) | (bytes === 2 ? 126 : 0) | (bytes === 8 ? 127 : 0);
  if (bytes === 2) header.writeUInt16BE(size, 2);
  if (bytes === 8) header.writeBigUInt64BE(BigInt(size), 2);
  return Buffer.concat([header, Buffer.alloc(size, 0x88)]);
}

function cutAt(bytes: Buffer, at: readonly number[]): Buffer[] {
  const edges = [0, ...at.map((it) => it % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return edges.slice(1).map((edge, i) => bytes.subarray(edges[i] ?? 0, edge));
}

const cuts = fc.array(fc.nat(), { maxLength: 12 });

describe('frames of a WebSocket', () => {
  it('are followed however their bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(wishes, { maxLength: 6 }), cuts, (list, at) => {
        const bytes = Buffer.concat(list.map(frameOf));
        const tracker = new FrameTracker();
        for (const piece of cutAt(bytes, at)) expect(tracker.take(piece)).to.equal(piece.length);
        expect([tracker.isBetweenFrames, tracker.hasClosed, tracker.isLost]).to.deep.equal([true, false, false]);
        tracker.take(Buffer.of(0x82));
        expect(tracker.isBetweenFrames).to.equal(false);
      }),
    );
  });

  it('end where they end: one at a time', () => {
    const frames = [5, 0, 126, 70_000].map((size) => frameOf({ opcode: 0x82, size, isMasked: true, lengthBytes: 0 }));
    const bytes = Buffer.concat(frames);
    const tracker = new FrameTracker();
    const sizes: number[] = [];
    for (let at = 0; at < bytes.length; at += sizes.at(-1) ?? 0) sizes.push(tracker.take(bytes.subarray(at), true));
    expect(sizes).to.deep.equal(frames.map(({ length }) => length));
  });

  it('get our close frame behind the one under way, and nothing after it, however they are cut', () => {
    fc.assert(
      fc.property(fc.array(wishes, { minLength: 1, maxLength: 4 }), cuts, fc.nat(), (list, at, when) => {
        const frames = list.map(frameOf);
        const pieces = cutAt(Buffer.concat(frames), at);
        const half = new HalfSocket();
        const close = closeFrame('server', CLOSE_GOING_AWAY);
        const sent: Uint8Array[] = [];
        const closeAt = when % (pieces.length + 1);
        pieces.forEach((piece, index) => {
          if (index === closeAt) sent.push(half.close(close) ?? Buffer.alloc(0));
          sent.push(half.pass(piece) ?? Buffer.alloc(0));
        });
        if (closeAt === pieces.length) sent.push(half.close(close) ?? Buffer.alloc(0));
        const seen = pieces.slice(0, closeAt).reduce((sum, { length }) => sum + length, 0);
        const whole: Buffer[] = [];
        let bytes = 0;
        for (const frame of frames) {
          if (bytes >= seen) break;
          whole.push(frame);
          bytes += frame.length;
        }
        expect(Buffer.concat(sent).equals(Buffer.concat([...whole, close]))).to.equal(true);
        expect(half.isClosedByUs).to.equal(true);
      }),
    );
  });

  it('get no close frame after one of their own, nor a second one', () => {
    const own = closeFrame('client', 1000, 'bye');
    const late = new HalfSocket();
    expect(late.pass(own)).to.equal(own);
    expect([late.close(closeFrame('server', 1001)), late.hasClosed, late.isClosedByUs]).to.deep.equal([
      undefined,
      true,
      false,
    ]);
    const during = new HalfSocket();
    during.pass(own.subarray(0, 1));
    expect(during.close(closeFrame('server', 1001))).to.equal(undefined);
    expect(during.pass(own.subarray(1))).to.deep.equal(own.subarray(1));
    const twice = new HalfSocket();
    expect(twice.close(closeFrame('server', 1001))).to.deep.equal(Buffer.from([0x88, 2, 0x03, 0xe9]));
    expect(twice.close(closeFrame('server', 1001))).to.equal(undefined);
  });

  it('that are none get no close frame either', () => {
    for (const garbage of [Buffer.from('hello'), Buffer.from([0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255, 1])]) {
      const half = new HalfSocket();
      expect(half.pass(garbage)).to.equal(garbage);
      expect(half.close(closeFrame('server', 1001))).to.equal(undefined);
      expect(half.pass(garbage)).to.deep.equal(garbage);
      expect(half.isClosedByUs).to.equal(false);
    }
  });

  it('of a client that close are masked, and their reason fits', () => {
    const frame = closeFrame('client', 1011, 'SP-1304');
    expect([frame[0], frame[1]]).to.deep.equal([0x88, 0x80 | 9]);
    const payload = Buffer.from(frame.subarray(6).map((byte, i) => byte ^ (frame[2 + (i % 4)] ?? 0)));
    expect([payload.readUInt16BE(0), payload.subarray(2).toString()]).to.deep.equal([1011, 'SP-1304']);
    expect(closeFrame('server', 1011, 'x'.repeat(500))).to.have.length(127);
  });
});
