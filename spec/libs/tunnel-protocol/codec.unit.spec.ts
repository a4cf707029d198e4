// long because it is one list: the codec by round trip, byte by byte, refused and fuzzed
import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { describe, it } from 'mocha';
import { BundleReader } from '../../../libs/tunnel-protocol/src/bundle-reader.ts';
import { channelText, readChannelId } from '../../../libs/tunnel-protocol/src/channel-ids.ts';
import { decodeFrames } from '../../../libs/tunnel-protocol/src/decode-packet.ts';
import {
  encodeCancelPacket,
  encodeRefusePacket,
  encodeResetPacket,
  headFrameBytes,
  openPacketBytes,
  prepareHead,
  prepareOpen,
  writeHead,
  writeOpenPacket,
  writePacketHeader,
} from '../../../libs/tunnel-protocol/src/encode-frame.ts';
import { type Frame, PACKET_HEADER_BYTES } from '../../../libs/tunnel-protocol/src/frame.ts';
import { CANCEL_CODES, PHASE_CODES, REFUSE_CODES } from '../../../libs/tunnel-protocol/src/reasons.ts';
import {
  bundle,
  CHANNEL,
  creditPacket,
  dataPacket,
  fields,
  headPacket,
  openPacket,
  packet,
  u16,
  u32,
} from './packets.ts';

type ReadPacket = { channel: string; isReset: boolean; sequence: number; frames: readonly Frame[] | string };

function readBundle(bytes: Uint8Array): { packets: ReadPacket[]; problem: string | undefined; ingressId: string } {
  const reader = new BundleReader(bytes);
  const packets: ReadPacket[] = [];
  while (reader.next()) {
    const { isReset, sequence } = reader;
    const frames = decodeFrames(reader.source, reader.start, reader.end);
    packets.push({ channel: channelText(reader), isReset, sequence, frames });
  }
  return { packets, problem: reader.problem, ingressId: reader.ingressId };
}

/** The one packet of a bundle made of it. */
function readPacket(bytes: Uint8Array): ReadPacket | undefined {
  return readBundle(bundle([bytes])).packets[0];
}

const ID = readChannelId(Buffer.from(CHANNEL, 'hex'), 0);

const latin1 = fc.string({ unit: fc.constantFrom(...'aZ09 ~\t\u00e4\u00ff"=;,/'.split('')) });
const fieldName = fc.string({ unit: fc.constantFrom(...'abcXYZ-_09'.split('')), minLength: 1, maxLength: 20 });
const fieldList = fc.array(fc.tuple(fieldName, latin1), { maxLength: 30 }).map((pairs) => pairs.flat());
const anyText = fc.string({ unit: 'grapheme' }).filter((text) => !/\p{Cc}/u.test(text));
const metadata = fc.array(fc.tuple(fieldName, anyText), { maxLength: 20 }).map((pairs) => pairs.flat());

describe('packet codec', () => {
  it('keeps a request head as it is: order, duplicates, case, any metadata', () => {
    const method = fc.constantFrom('GET', 'POST', 'M-SEARCH', 'x');
    const target = fc.constantFrom('/', '/a?b=%20', '*', 'host:443', '/\u00e4');
    const flags = fc.integer({ min: 0, max: 7 });
    fc.assert(
      fc.property(method, target, fieldList, metadata, flags, (name, where, list, meta, bits) => {
        const open = prepareOpen({ method: name, target: where, fields: list }, meta, bits);
        if (typeof open === 'string') throw new Error(open);
        const bytes = Buffer.alloc(openPacketBytes(open));
        writeOpenPacket(bytes, 0, open, ID, 4_096);
        const isComplete = (bits & 1) !== 0;
        const isUpgrade = (bits & 2) !== 0;
        const isEmpty = (bits & 4) !== 0;
        const common = {
          type: 'open',
          isComplete,
          isUpgrade,
          isEmpty,
          credit: 4_096,
        };
        const frame = { ...common, method: name, target: where, metadata: meta, fields: list };
        const read = { channel: CHANNEL, isReset: false, sequence: 0, frames: [frame] };
        expect(readPacket(bytes)).to.deep.equal(read);
      }),
    );
  });

  it('keeps a response head as it is', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 999 }),
        fieldList,
        fc.boolean(),
        fc.nat(),
        (status, list, isEnd, sequence) => {
          const head = prepareHead(status, list, isEnd, false);
          if (typeof head === 'string') throw new Error(head);
          const bytes = Buffer.alloc(PACKET_HEADER_BYTES + headFrameBytes(head));
          writeHead(bytes, writePacketHeader(bytes, 0, bytes.length, ID, sequence), head);
          const frame = { type: 'head', isEnd, isUpgraded: false, status, fields: list };
          const read = { channel: CHANNEL, isReset: false, sequence, frames: [frame] };
          expect(readPacket(bytes)).to.deep.equal(read);
        },
      ),
    );
  });

  it('keeps every reason and phase', () => {
    for (const reason of Object.keys(REFUSE_CODES) as (keyof typeof REFUSE_CODES)[]) {
      expect(readPacket(encodeRefusePacket(ID, 3, reason, 'why'))).to.deep.include({
        isReset: false,
        sequence: 3,
        frames: [{ type: 'refuse', reason, text: 'why' }],
      });
    }
    for (const reason of Object.keys(CANCEL_CODES) as (keyof typeof CANCEL_CODES)[]) {
      for (const phase of Object.keys(PHASE_CODES) as (keyof typeof PHASE_CODES)[]) {
        expect(readPacket(encodeCancelPacket(ID, 0xffffffff, reason, phase, 'w'))).to.deep.include({
          isReset: false,
          sequence: 0xffffffff,
          frames: [{ type: 'cancel', reason, phase, text: 'w' }],
        });
      }
      const reset = { type: 'cancel', reason, phase: 'origin-contacted', text: '' };
      const read = { channel: CHANNEL, isReset: true, sequence: 0, frames: [reset] };
      expect(readPacket(encodeResetPacket(ID, reason))).to.deep.equal(read);
    }
  });

  it('reads what PROTOCOL.md describes, byte by byte', () => {
    expect(readPacket(openPacket())?.frames).to.have.lengthOf(1);
    expect(readPacket(creditPacket(7, 65_536))).to.deep.equal({
      channel: CHANNEL,
      isReset: false,
      sequence: 7,
      frames: [{ type: 'credit', bytes: 65_536 }],
    });
    const several = packet(1, [
      [0x02, 0, Buffer.alloc(0)],
      [0x07, 0, u32(10)],
      [0x09, 1, Buffer.alloc(0)],
      [0x06, 0, fields('t', 'v')],
    ]);
    expect(typesOf(several)).to.deep.equal(['accept', 'credit', 'probe', 'end']);
  });

  it('skips optional frames of a newer peer, and reads unknown codes as the nearest safe meaning', () => {
    const newer = packet(0, [
      [0x80, 9, Buffer.from('new')],
      [0x02, 0, Buffer.alloc(0)],
    ]);
    expect(typesOf(newer)).to.deep.equal(['accept']);
    const cancel = readPacket(packet(0, [[0x08, 0, Buffer.from([0xff, 0xff, 99])]]));
    expect(cancel?.frames[0]).to.deep.equal({
      type: 'cancel',
      reason: 'internal',
      phase: 'response-begun',
      text: '',
    });
    const refuse = readPacket(packet(0, [[0x03, 0, Buffer.from([0xff, 0xff])]]));
    expect(refuse?.frames[0]).to.deep.equal({ type: 'refuse', reason: 'capacity', text: '' });
  });

  it('makes explanations safe to log', () => {
    const unsafe = readPacket(packet(0, [[0x03, 0, Buffer.from('\x00\x01a\r\nb\u2028\x1b[2J', 'utf8')]]));
    expect(unsafe?.frames[0]).to.deep.include({ text: 'a  b  [2J' });
    const cut = readPacket(encodeRefusePacket(ID, 0, 'capacity', '\u20ac'.repeat(200)));
    expect(cut?.frames[0]).to.deep.include({ text: '\u20ac'.repeat(85) });
  });

  for (const [name, bytes, reason] of [
    ['no frame', packet(0, []), 'no-frame'],
    ['half a frame header', lengthened(packet(0, [[0x02, 0, Buffer.alloc(0)]]), 1), 'frame-truncated'],
    ['a length beyond the packet', lengthened(packet(0, [[0x05, 0, Buffer.alloc(4)]]), -2), 'frame-truncated'],
    ['a required frame of a newer peer', packet(0, [[0x7f, 0, Buffer.alloc(0)]]), 'unknown-frame'],
    ['empty data', dataPacket(0, Buffer.alloc(0)), 'bad-data'],
    ['more than 64 KiB of data', dataPacket(0, Buffer.alloc(65_537)), 'bad-data'],
    ['credit of nothing', creditPacket(0, 0), 'bad-credit'],
    ['credit without end', creditPacket(0, 0xffffffff), 'bad-credit'],
    ['an acknowledgment with payload', packet(0, [[0x02, 0, Buffer.alloc(1)]]), 'bad-length'],
    ['a status of 99', headPacket(0, 99), 'bad-head'],
    ['a line break in a value', packet(0, [[0x04, 0, Buffer.concat([u16(200), fields('a', 'b\r\nc')])]]), 'bad-fields'],
    ['an empty field name', packet(0, [[0x04, 0, Buffer.concat([u16(200), fields('', 'b')])]]), 'bad-fields'],
    [
      'bytes behind the last field',
      packet(0, [[0x06, 0, Buffer.concat([fields('a', 'b'), Buffer.alloc(1)])]]),
      'bad-fields',
    ],
    [
      'more fields than allowed',
      packet(0, [[0x06, 0, fields(...Array.from({ length: 1_026 }, () => 'x'))]]),
      'bad-fields',
    ],
  ] as const) {
    it(`refuses ${name} as ${reason}`, () => {
      expect(readPacket(bytes)?.frames).to.equal(reason);
    });
  }

  for (const [name, bytes, problem] of [
    ['nothing', Buffer.alloc(0), 'bundle-too-short'],
    ['too much', Buffer.alloc(128 * 1024 + 1, 1), 'bundle-too-long'],
    ['another version', bundle([openPacket()], { version: 2 }), 'unknown-version'],
    ['an ingress id with a dot', bundle([openPacket()], { ingressId: 'a.b' }), 'bad-ingress'],
    ['an ingress id with a wildcard', bundle([openPacket()], { ingressId: '>' }), 'bad-ingress'],
    ['an overlong ingress id', bundle([openPacket()], { ingressId: 'a'.repeat(65) }), 'bad-ingress'],
    ['an ingress id that does not fit', Buffer.from([1, 9, 97]), 'bad-ingress'],
    ['half a packet header', bundle([openPacket().subarray(0, 17)]), 'packet-truncated'],
    ['a packet that goes beyond the message', bundle([openPacket().subarray(0, 30)]), 'packet-truncated'],
  ] as const) {
    it(`reads nothing of a bundle with ${name}: ${problem}`, () => {
      expect(readBundle(bytes)).to.deep.include({ packets: [], problem });
    });
  }

  it('reads the packets before the place where a bundle is broken', () => {
    const bytes = bundle([creditPacket(1, 10), dataPacket(2, Buffer.from('x')), openPacket().subarray(0, 20)]);
    const { packets, problem } = readBundle(bytes);
    expect(packets.map(({ sequence }) => sequence)).to.deep.equal([1, 2]);
    expect(problem).to.equal('packet-truncated');
  });

  it('keeps the packets of other channels when one of them is malformed', () => {
    const bad = packet(3, [[0x7f, 0, Buffer.alloc(0)]], { channel: 'ff'.repeat(10) });
    const { packets, problem } = readBundle(bundle([creditPacket(1, 10), bad, creditPacket(2, 10)]));
    expect(packets.map(({ channel }) => channel)).to.deep.equal([CHANNEL, 'ff'.repeat(10), CHANNEL]);
    expect(packets.map(({ frames }) => typeof frames)).to.deep.equal(['object', 'string', 'object']);
    expect(problem).to.equal(undefined);
  });

  it('refuses to encode what must not travel', () => {
    const problem = (list: string[]) => prepareHead(200, list, false, false);
    expect(problem(['a', 'b\r\nc: d'])).to.equal('forbidden-character');
    expect(problem(['a', 'b\u010a'])).to.equal('forbidden-character');
    expect(problem(['a'])).to.equal('odd-list');
    expect(problem(['', 'b'])).to.equal('empty-name');
    expect(problem(['a', 'b'.repeat(70_000)])).to.equal('too-large');
    expect(problem(Array.from({ length: 1_026 }, () => 'x'))).to.equal('too-many-fields');
    const open = (method: string, target: string) => prepareOpen({ method, target, fields: [] }, undefined, 0);
    expect(open('G ET', '/')).to.equal('forbidden-character');
    expect(open('GET', '/a b')).to.equal('forbidden-character');
    expect(open('GET', `/${'a'.repeat(16 * 1024)}`)).to.equal('too-large');
    expect(prepareOpen({ method: 'GET', target: '/', fields: [] }, ['a', '\ud800'], 0)).to.equal('forbidden-character');
  });
});

describe('packet decoder under fuzzing', () => {
  const seeds = loadSeeds();

  it('has its seeds', () => {
    expect(seeds.length).to.be.greaterThan(10);
  });

  it('answers any bytes with a packet or a reason', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), isTotal), { numRuns: 3_000 });
  });

  it('answers frames of any type, flags, length and payload', () => {
    const frame = fc.tuple(
      fc.integer({ min: 0, max: 255 }),
      fc.integer({ min: 0, max: 255 }),
      fc.uint8Array({ maxLength: 60 }),
    );
    const framed = fc.array(frame, { maxLength: 5 }).map((frames) => bundle([packet(0, frames), packet(1, frames)]));
    fc.assert(fc.property(framed, isTotal), { numRuns: 3_000 });
  });

  it('answers every mutation and truncation of the seeds', () => {
    const mutation = fc.tuple(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 6 }),
      fc.nat(),
    );
    const mutated = mutation.map(([seed, changes, cut]) => {
      const bytes = Buffer.from(seed);
      for (const [position, value] of changes) bytes[position % bytes.length] = value;
      return cut % 3 === 0 ? bytes.subarray(0, cut % (bytes.length + 1)) : bytes;
    });
    fc.assert(fc.property(mutated, isTotal), { numRuns: 5_000 });
  });

  it('answers every seed, cut at every byte', () => {
    for (const seed of seeds) for (let length = 0; length <= seed.length; length++) isTotal(seed.subarray(0, length));
  });
});

/** Throws when the decoder throws, or returns something that is not bounded by the input. */
function isTotal(bytes: Uint8Array): void {
  const { packets } = readBundle(bytes);
  expect(packets.length).to.be.at.most(bytes.length / 18);
  for (const { frames } of packets) {
    if (typeof frames === 'string') continue;
    expect(frames.length).to.be.at.most(bytes.length / 6);
    for (const frame of frames) if (frame.type === 'data') expect(frame.bytes.buffer).to.equal(bytes.buffer);
  }
}

function typesOf(bytes: Uint8Array): readonly string[] {
  const frames = readPacket(bytes)?.frames;
  return typeof frames === 'object' ? frames.map(({ type }) => type) : [];
}

/** The same packet with `count` bytes more or fewer behind its frames, and its length made to match. */
function lengthened(bytes: Buffer, count: number): Buffer {
  const changed = Buffer.concat([bytes, Buffer.alloc(Math.max(0, count), 5)]).subarray(0, bytes.length + count);
  changed.writeUInt32BE(changed.length - 18, 0);
  return changed;
}

/** One bundle per file, hexadecimal, with a name that says what it is. */
function loadSeeds(): Buffer[] {
  const folder = new URL('./seeds/', import.meta.url);
  return readdirSync(folder).map((file) => Buffer.from(readFileSync(new URL(file, folder), 'utf8').trim(), 'hex'));
}
