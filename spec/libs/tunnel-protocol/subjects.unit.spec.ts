import { expect } from 'chai';
import * as fc from 'fast-check';
import { describe, it } from 'mocha';
import { downSubject, headSubject, isSubjectId, TunnelClient, TunnelServer, upSubject } from '#libs/tunnel-protocol';
import {
  ChannelIds,
  channelText,
  readChannelId,
  writeChannelId,
} from '../../../libs/tunnel-protocol/src/channel-ids.ts';
import { ChannelTable } from '../../../libs/tunnel-protocol/src/channel-table.ts';
import { parsePeer } from '../../../libs/tunnel-protocol/src/subjects.ts';
import { LossyBroker } from './lossy-transport.ts';

describe('tunnel subjects', () => {
  it('are the documented ones', () => {
    expect([headSubject('g'), downSubject('c', 'i', 'x'), upSubject('i', 'c', 'x')]).to.deep.equal([
      'tun.g.g.req',
      'tun.c.c.i.x',
      'tun.i.i.c.x',
    ]);
  });

  it('take ids of [a-z0-9_-] only', () => {
    expect(['a', 'a-b_9', 'x'.repeat(64)].every(isSubjectId)).to.equal(true);
    expect(['', 'A', 'a.b', '*', '>', 'a b', 'é', 'x'.repeat(65)].some(isSubjectId)).to.equal(false);
  });

  it('are never built from anything else', () => {
    const transport = new LossyBroker().transport();
    const onRequest = () => ({ onCancel: () => undefined });
    expect(() => new TunnelClient({ transport, ingressId: 'a.>' })).to.throw('ingress id must be');
    expect(() => new TunnelServer({ transport, connectorId: '*', onRequest })).to.throw('connector id must be');
    const client = new TunnelClient({ transport, ingressId: 'i' });
    const request = { group: 'g.>', head: { method: 'GET', target: '/', fields: [] }, hasBody: false };
    expect(() => client.open(request, { onHead: () => undefined, onFailure: () => undefined })).to.throw(
      'connector group must be',
    );
  });

  it('name the connector that answers, and nothing else', () => {
    expect(parsePeer('tun.i.i.c.x', 8)).to.deep.equal({ peerId: 'c', last: 'x' });
    expect(['tun.i.i.c', 'tun.i.i.c.x.y', 'tun.i.i..x'].map((subject) => parsePeer(subject, 8))).to.deep.equal([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('channel ids', () => {
  const texts = (count: number): string[] => {
    const ids = new ChannelIds();
    return Array.from({ length: count }, () => channelText(ids.next()));
  };

  it('are 80 bits that never repeat', () => {
    const made = texts(5_000);
    expect(made.every((text) => /^[0-9a-f]{20}$/.test(text))).to.equal(true);
    expect(new Set(made).size).to.equal(5_000);
    for (let place = 0; place < 20; place++) expect(new Set(made.map((text) => text[place])).size).to.equal(16);
  });

  it('are written and read unchanged', () => {
    for (const text of texts(100)) {
      const bytes = Buffer.alloc(12);
      expect(writeChannelId(bytes, 1, readChannelId(Buffer.from(text, 'hex'), 0))).to.equal(11);
      expect(bytes.toString('hex')).to.equal(`00${text}00`);
    }
  });
});

describe('channel table', () => {
  it('does what a Map does, whatever comes and goes', () => {
    const word = fc.integer({ min: -3, max: 3 });
    const step = fc.tuple(fc.constantFrom('set', 'delete'), word, fc.integer({ min: 0, max: 300 }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const table = new ChannelTable<string>();
        const model = new Map<string, string>();
        for (const [index, [kind, high, low]] of steps.entries()) {
          const id = { high, middle: high * 7, low };
          if (kind === 'set') table.set(id, `${index}`);
          else table.delete(id);
          if (kind === 'set') model.set(`${high}.${low}`, `${index}`);
          else model.delete(`${high}.${low}`);
          expect(table.get(high, high * 7, low)).to.equal(model.get(`${high}.${low}`));
        }
        expect(table.size).to.equal(model.size);
        expect(table.values()).to.have.members([...model.values()]);
        for (const [key, value] of model) {
          const [high = 0, low = 0] = key.split('.').map(Number);
          expect(table.get(high, high * 7, low)).to.equal(value);
        }
      }),
    );
  });
});
