import { expect } from 'chai';
import { describe, it } from 'mocha';
import {
  DemandTable,
  INGRESS_LOST_MS,
  MAX_INGRESSES,
} from '../../../../services/throttling/src/admission/demand-table.ts';

const report = (ingressId: string, admitted: number) => ({
  ingressId,
  intervalMs: 250,
  counts: [{ scope: 'tenant', admitted, refused: 0 }],
});

describe('DemandTable', () => {
  it('counts an ingress until it has been silent for two seconds', () => {
    const table = new DemandTable();
    table.record(report('a', 10), 0);
    expect(table.demands(0)).to.deep.equal([{ ingressId: 'a', scope: 'tenant', perSecond: 40 }]);
    expect(table.ingressIds(INGRESS_LOST_MS)).to.deep.equal(['a']);
    expect(table.ingressIds(INGRESS_LOST_MS + 1)).to.deep.equal([]);
  });

  it('averages so that one quiet interval does not move a share to nothing', () => {
    const table = new DemandTable();
    table.record(report('a', 100), 0);
    table.record(report('a', 0), 250);
    expect(table.demands(250)[0]?.perSecond).to.equal(200);
  });

  it('refuses a report beyond its bound', () => {
    const table = new DemandTable();
    for (let index = 0; index < MAX_INGRESSES; index += 1)
      expect(table.record(report(`i${index}`, 1), 0)).to.equal(true);
    expect(table.record(report('one-more', 1), 0)).to.equal(false);
  });
});
