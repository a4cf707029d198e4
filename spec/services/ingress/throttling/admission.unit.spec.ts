import { expect } from 'chai';
import { describe, it } from 'mocha';
import { Admission, TENANT_SCOPE } from '../../../../services/ingress/src/throttling/admission.ts';

const shares = (changes: object) => ({
  version: 1,
  defaults: { app: 500, tenant: 750 },
  ingresses: 1,
  limits: [],
  shares: [],
  ...changes,
});

function admitMany(admission: Admission, appId: string, times: number): number {
  let admitted = 0;
  for (let i = 0; i < times; i += 1) if (admission.admit(appId) === undefined) admitted += 1;
  return admitted;
}

describe('admission', () => {
  it('admits one second worth of the default limit at once, then the rate', () => {
    let now = 0;
    const admission = new Admission('ing_1', () => now);
    expect(admitMany(admission, 'app_1', 1_000)).to.equal(500);
    expect(admission.admit('app_1')).to.deep.equal({ scope: 'app', retryAfterSeconds: 1 });
    now = 100;
    expect(admitMany(admission, 'app_1', 1_000)).to.equal(50);
  });

  it('refuses for the tenant when all apps together ask too much', () => {
    const admission = new Admission('ing_1', () => 0);
    expect(admitMany(admission, 'app_1', 500) + admitMany(admission, 'app_2', 500)).to.equal(750);
    expect(admission.admit('app_2')).to.deep.equal({ scope: 'tenant', retryAfterSeconds: 1 });
  });

  it('takes nothing from the app for what the tenant refused', () => {
    let now = 0;
    const admission = new Admission('ing_1', () => now);
    admission.applyShares(shares({ defaults: { app: 10, tenant: 5 } }));
    expect(admitMany(admission, 'app_1', 20)).to.equal(5);
    admission.applyShares(shares({ version: 2, defaults: { app: 10, tenant: 1000 } }));
    now = 10;
    expect(admitMany(admission, 'app_1', 20)).to.equal(5);
  });

  it('uses the share of this ingress, else the limit divided by the ingresses', () => {
    const admission = new Admission('ing_1', () => 0);
    admission.applyShares(
      shares({
        ingresses: 2,
        limits: [
          { scope: 'app_1', requestsPerSecond: 100 },
          { scope: 'app_2', requestsPerSecond: 100 },
        ],
        shares: [
          { ingressId: 'ing_1', scope: 'app_1', requestsPerSecond: 80 },
          { ingressId: 'ing_2', scope: 'app_1', requestsPerSecond: 20 },
        ],
      }),
    );
    expect(admitMany(admission, 'app_1', 500)).to.equal(80);
    expect(admitMany(admission, 'app_2', 500)).to.equal(50);
    expect(admitMany(admission, 'app_3', 500)).to.equal(245);
  });

  it('ignores older shares', () => {
    const admission = new Admission('ing_1', () => 0);
    admission.applyShares(shares({ version: 5, defaults: { app: 3, tenant: 750 } }));
    admission.applyShares(shares({ version: 4, defaults: { app: 400, tenant: 750 } }));
    expect(admitMany(admission, 'app_1', 500)).to.equal(3);
  });

  it('takes shares that count from an earlier clock once nothing else comes', () => {
    let now = 0;
    const admission = new Admission('ing_1', () => now);
    admission.applyShares(shares({ version: 1_000_000, defaults: { app: 3, tenant: 750 } }));
    now = 2_000;
    admission.applyShares(shares({ version: 4, defaults: { app: 400, tenant: 750 } }));
    expect(admitMany(admission, 'app_1', 500)).to.equal(400);
  });

  it('says how long to wait for a slow limit', () => {
    const admission = new Admission('ing_1', () => 0);
    admission.applyShares(shares({ defaults: { app: 0.25, tenant: 750 } }));
    expect(admission.admit('app_1')).to.equal(undefined);
    expect(admission.admit('app_1')).to.deep.equal({ scope: 'app', retryAfterSeconds: 4 });
  });

  it('reports what was asked, once', () => {
    const admission = new Admission('ing_1', () => 0);
    admitMany(admission, 'app_1', 502);
    expect(admission.takeDemand()).to.deep.equal([
      [
        { scope: 'app_1', admitted: 500, refused: 2 },
        { scope: TENANT_SCOPE, admitted: 500, refused: 0 },
      ],
    ]);
    expect(admission.takeDemand()).to.deep.equal([[]]);
  });

  it('splits a report of very many apps', () => {
    const admission = new Admission('ing_1', () => 0);
    admission.applyShares(shares({ defaults: { app: 500, tenant: 1_000_000 } }));
    for (let i = 0; i < 4_500; i += 1) admission.admit(`app_${i}`);
    expect(admission.takeDemand().map((it) => it.length)).to.deep.equal([2_000, 2_000, 501]);
  });

  it('keeps at most 10,000 buckets, the tenant always among them', () => {
    const admission = new Admission('ing_1', () => 0);
    admission.applyShares(shares({ defaults: { app: 500, tenant: 1_000_000 } }));
    for (let i = 0; i < 10_500; i += 1) admission.admit(`app_${i}`);
    const scopes = admission.takeDemand().flat();
    expect(scopes).to.have.length(10_000);
    expect(scopes.find((it) => it.scope === TENANT_SCOPE)?.admitted).to.equal(10_500);
  });
});
