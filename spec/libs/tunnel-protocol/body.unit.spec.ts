import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { toReadable } from '#libs/tunnel-protocol';
import { BodyReceiver } from '../../../libs/tunnel-protocol/src/body-receiver.ts';
import {
  CoalescingPublisher,
  type Lane,
  MAX_LANES,
  peerRoute,
} from '../../../libs/tunnel-protocol/src/coalescing-publisher.ts';
import { CreditLedger, DEFAULT_LEDGER_LIMITS } from '../../../libs/tunnel-protocol/src/credit-ledger.ts';
import {
  DATA_FRAME_BYTES,
  FAST_READER_BYTES,
  MIB,
  STALLED_READER_MS,
} from '../../../libs/tunnel-protocol/src/limits.ts';
import { SendQueue } from '../../../libs/tunnel-protocol/src/send-queue.ts';
import { LossyBroker } from './lossy-transport.ts';
import { streaming, TunnelPair, until } from './tunnel-pair.ts';

const memoryPair = (): Promise<TunnelPair> => {
  const broker = new LossyBroker();
  return TunnelPair.create({ transport: async () => broker.transport(), close: async () => undefined });
};

describe('body receiver', () => {
  it('holds 400,000 tiny frames of a paused reader in little more than their bytes', () => {
    const ledger = new CreditLedger();
    const account = ledger.open({ grantCredit: () => undefined }, 400_000, 0);
    ledger.bind(account, 'c1', 0);
    const receiver = new BodyReceiver(ledger, account, () => 0);
    const read: number[] = [];
    const held: ArrayBufferLike[] = [];
    let taken = 0;
    while (receiver.data(Buffer.from([taken & 0xff]))) taken++;
    expect(taken).to.equal(400_000);
    receiver.attach({
      onData: (chunk) => {
        held.push(chunk.buffer);
        read.push(...chunk);
      },
      onEnd: () => undefined,
    });
    expect(read.every((value, index) => value === (index & 0xff))).to.equal(true);
    expect(read.length).to.equal(400_000);
    expect(held.reduce((sum, { byteLength }) => sum + byteLength, 0)).to.be.lessThan(400_000 + 2 * 16_384);
  });

  it('holds pieces of a stalled reader in memory of their size, not in the reads they came in', () => {
    const ledger = new CreditLedger();
    let nowMs = 0;
    const account = ledger.open(
      { grantCredit: () => undefined, onReaderStalled: () => receiver.compact() },
      MIB,
      nowMs,
    );
    ledger.bind(account, 'c1', nowMs);
    const receiver = new BodyReceiver(ledger, account, () => nowMs);
    for (let number = 0; number < 32; number++) {
      const read = Buffer.alloc(64 * 1024, number);
      expect(receiver.data(read.subarray(1_000, 1_000 + DATA_FRAME_BYTES))).to.equal(true);
    }
    nowMs += STALLED_READER_MS;
    ledger.sweep(nowMs);
    const kept: Uint8Array[] = [];
    receiver.attach({ onData: (chunk) => void kept.push(chunk), onEnd: () => undefined });
    expect(kept.every((chunk, number) => chunk.every((byte) => byte === number))).to.equal(true);
    expect(kept.map(({ length }) => length)).to.deep.equal(Array(32).fill(DATA_FRAME_BYTES));
    expect(kept.reduce((sum, { buffer }) => sum + buffer.byteLength, 0)).to.be.at.most(32 * DATA_FRAME_BYTES);
  });

  it('copies what arrives while the budget is short, but not for a reader that has proved fast', () => {
    const ledger = new CreditLedger({ ...DEFAULT_LEDGER_LIMITS, easyProcessBytes: 0 });
    const account = ledger.open({ grantCredit: () => undefined }, FAST_READER_BYTES + MIB, 0);
    ledger.bind(account, 'c1', 0);
    const receiver = new BodyReceiver(ledger, account, () => 0);
    const sizes: number[] = [];
    receiver.attach({ onData: (chunk) => void sizes.push(chunk.buffer.byteLength), onEnd: () => undefined });
    const read = Buffer.alloc(64 * 1024);
    for (let bytes = 0; bytes <= FAST_READER_BYTES + DATA_FRAME_BYTES; bytes += DATA_FRAME_BYTES)
      receiver.data(read.subarray(0, DATA_FRAME_BYTES));
    expect(sizes.at(0)).to.equal(DATA_FRAME_BYTES);
    expect(sizes.at(-1)).to.equal(64 * 1024);
  });

  it('books nothing as consumed while paused, and ends after the last byte', () => {
    const ledger = new CreditLedger();
    const account = ledger.open({ grantCredit: () => undefined }, 64, 0);
    ledger.bind(account, 'c1', 0);
    const receiver = new BodyReceiver(ledger, account, () => 0);
    const seen: string[] = [];
    receiver.attach({
      onData: (chunk) => {
        seen.push(Buffer.from(chunk).toString());
        receiver.pause();
      },
      onEnd: (trailers) => seen.push(`end ${trailers.join()}`),
    });
    receiver.data(Buffer.from('a'));
    receiver.data(Buffer.from('b'));
    receiver.end(['t', 'v']);
    expect([seen.join(), ledger.committedBytes]).to.deep.equal(['a', 2]);
    receiver.resume();
    receiver.resume();
    expect([seen.join(' '), ledger.committedBytes]).to.deep.equal(['a b end t,v', 0]);
  });
});

describe('body as a Node stream', () => {
  it('delivers everything at the pace of its reader', async () => {
    const pair = await memoryPair();
    await pair.addConnector(
      'c1',
      streaming(12_000_000, (index, bytes) => Buffer.alloc(bytes, index)),
    );
    const sizes: number[] = [];
    const hash = createHash('sha256');
    await new Promise<void>((resolve, reject) => {
      const channel = pair.open(
        {},
        {
          onHead: async () => {
            for await (const chunk of toReadable(channel, { onDestroyed: () => channel.cancel() })) {
              sizes.push((chunk as Buffer).length);
              hash.update(chunk as Buffer);
              expect(pair.client.committedBytes).to.be.lessThan(2_300_000);
              await turn();
            }
            resolve();
          },
          onFailure: ({ reason }) => reject(new Error(reason)),
        },
      );
    });
    expect(sizes.reduce((sum, size) => sum + size, 0)).to.equal(12_000_000);
    expect(pair.client.committedBytes).to.equal(0);
    await pair.close();
  });

  it('fails with a code when the channel does, and cancels the channel when it is destroyed', async () => {
    const pair = await memoryPair();
    const cancelled: string[] = [];
    await pair.addConnector('c1', (exchange) => {
      exchange.onceConfirmed(() => exchange.respondHead(200, []));
      return { onCancel: (reason) => cancelled.push(reason) };
    });
    const streams: ReturnType<typeof toReadable>[] = [];
    for (let count = 0; count < 2; count++) {
      const channel = pair.open(
        {},
        {
          onHead: () => streams.push(toReadable(channel, { onDestroyed: () => channel.cancel() })),
          onFailure: () => undefined,
        },
      );
    }
    await until(() => streams.length === 2, 'both answered');
    streams[0]?.destroy();
    await until(() => cancelled.length === 1, 'the connector heard of it');
    const failed = streams[1] === undefined ? [] : once(streams[1], 'error');
    pair.client.connectorLost('c1');
    const [error] = await failed;
    expect(error).to.deep.include({ code: 'ERR_TUNNEL_ABORTED', details: { reason: 'connector-lost' } });
    await pair.close();
  });
});

describe('send queue', () => {
  it('gives back the bytes in order, in any pieces', () => {
    const queue = new SendQueue();
    const all = Buffer.from(Array.from({ length: 5_000 }, (_, index) => index & 0xff));
    for (let at = 0; at < all.length; at += 7) queue.push(all.subarray(at, at + 7));
    const out = Buffer.alloc(5_000);
    for (let at = 0, size = 1; at < 5_000; at += size, size = Math.min(size + 13, 5_000 - at))
      queue.moveTo(out, at, size);
    expect(out.equals(all)).to.equal(true);
    expect(queue.bytes).to.equal(0);
  });
});

const laneTo = (publisher: CoalescingPublisher, subject: string): Lane =>
  publisher.lane(subject) ?? publisher.addLane(subject, peerRoute(subject));

describe('coalescing publisher', () => {
  type Message = { subject: string; bytes: Uint8Array; reply: string | undefined };
  const collecting = (messages: Message[]) => ({
    publish: (subject: string, bytes: Uint8Array, reply?: string) => messages.push({ subject, bytes, reply }),
    subscribe: () => ({ close: () => undefined, drain: async () => undefined }),
  });
  const wait = async (): Promise<void> => {
    await turn();
    await turn();
  };

  it('publishes what one turn collected for a peer in one message, after the turn', async () => {
    const messages: Message[] = [];
    const publisher = new CoalescingPublisher(collecting(messages));
    for (const subject of ['a', 'b', 'a']) laneTo(publisher, subject).publish(Buffer.alloc(10, subject));
    expect(messages).to.deep.equal([]);
    await wait();
    const seen = messages.map(({ subject, bytes }) => [subject, Buffer.from(bytes).toString('latin1')]);
    expect(seen).to.deep.equal([
      ['a', `\x01\x00${'a'.repeat(20)}`],
      ['b', `\x01\x00${'b'.repeat(10)}`],
    ]);
  });

  it('publishes at once when its bound is reached', () => {
    const messages: Message[] = [];
    const publisher = new CoalescingPublisher(collecting(messages), 1_000);
    laneTo(publisher, 'a').publish(Buffer.alloc(999));
    expect(messages).to.deep.equal([]);
    laneTo(publisher, 'b').publish(Buffer.alloc(1));
    expect(messages.map(({ subject }) => subject)).to.deep.equal(['a', 'b']);
  });

  it('begins another message before one becomes longer than 32 KiB', async () => {
    const messages: Message[] = [];
    const publisher = new CoalescingPublisher(collecting(messages));
    for (const bytes of [...Array.from({ length: 11 }, () => 3_000), 8_100, 8_100, 4_080, 100_000, 5])
      laneTo(publisher, 'a').publish(Buffer.alloc(bytes));
    await wait();
    expect(messages.map(({ bytes }) => bytes.length)).to.deep.equal([30_002, 23_282, 100_002, 7]);
  });

  it('begins another message when a route has its maximum of packets, with a reply subject of its own', async () => {
    const messages: Message[] = [];
    const publisher = new CoalescingPublisher(collecting(messages));
    const lane = publisher.addLane('group g', {
      subject: 'g',
      ingressId: 'ing',
      maxPackets: 2,
      replyPrefix: 'r.',
    });
    for (let count = 0; count < 5; count++) lane.publish(Buffer.alloc(1));
    await wait();
    expect(messages.map(({ bytes }) => bytes.length)).to.deep.equal([7, 7, 6]);
    expect(messages.map(({ reply }) => reply)).to.deep.equal(['r.1', 'r.2', 'r.3']);
  });

  it('forgets lanes at its bound and serves them nevertheless', async () => {
    const messages: Message[] = [];
    const publisher = new CoalescingPublisher(collecting(messages));
    for (let peer = 0; peer <= MAX_LANES; peer++) laneTo(publisher, `p${peer}`).publish(Buffer.alloc(1));
    await wait();
    expect(messages.length).to.equal(MAX_LANES + 1);
  });
});
