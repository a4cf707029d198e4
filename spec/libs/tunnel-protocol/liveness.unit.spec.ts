import { expect } from 'chai';
import * as fc from 'fast-check';
import { describe, it } from 'mocha';
import {
  encodeHeartbeat,
  heartbeatConnectorId,
  heartbeatSubject,
  LivenessTable,
  parseHeartbeat,
} from '#libs/tunnel-protocol';

const beat = (instanceId = 'i-1', isDraining = false) => ({
  instanceId,
  sentAt: '2026-08-01T10:00:00.000Z',
  openChannels: 3,
  isDraining,
});

describe('heartbeat', () => {
  it('survives the wire', () => {
    expect(parseHeartbeat(encodeHeartbeat(beat()))).to.deep.equal(beat());
    expect(heartbeatConnectorId(heartbeatSubject('c-1'))).to.equal('c-1');
  });

  it('is refused when anything about it is odd', () => {
    const odd = [
      'x',
      '[]',
      'null',
      JSON.stringify({ ...beat(), instanceId: 'a.b' }),
      JSON.stringify({ ...beat(), sentAt: 'now' }),
      JSON.stringify({ ...beat(), openChannels: -1 }),
      JSON.stringify({ ...beat(), isDraining: 'no' }),
      JSON.stringify({ ...beat(), padding: 'x'.repeat(1_024) }),
    ];
    expect(odd.map((text) => parseHeartbeat(Buffer.from(text)))).to.deep.equal(odd.map(() => undefined));
    expect(['prs.c.', 'prs.c.a.b', 'prs.c.*', 'tun.c.a'].map(heartbeatConnectorId)).to.deep.equal(
      Array(4).fill(undefined),
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void parseHeartbeat(bytes)));
  });
});

describe('liveness table', () => {
  it('declares a connector lost after 5 s of silence, once, and welcomes it back', () => {
    const table = new LivenessTable();
    expect(table.observe('c1', beat(), 0)).to.equal('appeared');
    table.observe('c2', beat(), 4_000);
    expect(table.lost(4_999)).to.deep.equal([]);
    expect(table.lost(5_000)).to.deep.equal(['c1']);
    expect(table.lost(5_001)).to.deep.equal([]);
    expect([table.livenessOf('c1', 5_001), table.livenessOf('c2', 5_001)]).to.deep.equal(['lost', 'online']);
    expect(table.observe('c1', beat(), 6_000)).to.equal('returned');
    expect(table.observe('c1', beat(), 8_000)).to.equal('unchanged');
    expect(table.lost(9_500)).to.deep.equal(['c2']);
  });

  it('notices a restart and a drain', () => {
    const table = new LivenessTable();
    table.observe('c1', beat('i-1'), 0);
    expect(table.observe('c1', beat('i-2', true), 1)).to.equal('restarted');
    expect(table.livenessOf('c1', 2)).to.equal('draining');
    expect(table.livenessOf('c9', 2)).to.equal(undefined);
  });

  it('forgets the longest silent one at its bound', () => {
    const table = new LivenessTable(5_000, 2);
    for (const [index, id] of ['c1', 'c2', 'c1', 'c3'].entries()) table.observe(id, beat(), index);
    expect(['c1', 'c2', 'c3'].map((id) => table.livenessOf(id, 4))).to.deep.equal(['online', undefined, 'online']);
  });
});
