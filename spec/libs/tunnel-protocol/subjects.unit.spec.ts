import { expect } from 'chai';
import { describe, it } from 'mocha';
import { downSubject, headSubject, isSubjectId, TunnelClient, TunnelServer, upSubject } from '#libs/tunnel-protocol';
import { ChannelIds, channelText } from '../../../libs/tunnel-protocol/src/channel-ids.ts';
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
  it('are valid, long and never repeat', () => {
    const ids = new ChannelIds();
    const made = Array.from({ length: 5_000 }, () => ids.next());
    expect(made.every((id) => id.length === 10 && channelText(id).length === 20)).to.equal(true);
    expect(new Set(made).size).to.equal(5_000);
    for (let place = 0; place < 10; place++) expect(new Set(made.map((id) => id[place])).size).to.equal(256);
  });
});
