import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { loadScript } from '../support/load-script.ts';

type Found = {
  readonly present: readonly { readonly name: string; readonly start: unknown }[];
  readonly absent: readonly { readonly name: string; readonly status: string; readonly reason: string }[];
};
const { lookForPeers } = await loadScript<{ readonly lookForPeers: (env: { PATH: string }) => Found }>(
  'bench/targets/peers.mjs',
);

function onPath(programs: readonly string[]): Found {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-peers-'));
  try {
    for (const program of programs) {
      writeFileSync(join(folder, program), '#!/bin/sh\n');
      chmodSync(join(folder, program), 0o755);
    }
    return lookForPeers({ PATH: folder });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('bench: peers', () => {
  it('are listed as missing, with what they need, when they are not on PATH', () => {
    const { present, absent } = onPath(['frps']);
    expect(present).to.deep.equal([]);
    expect(absent.map(({ name, status }) => `${name} ${status}`)).to.deep.equal([
      'frp missing',
      'oauth2-proxy missing',
      'chisel missing',
      'rathole missing',
      'cloudflared missing',
    ]);
    expect(absent[0]?.reason).to.equal('frpc not on PATH');
  });

  it('are measured when they are there and the bench drives them, and said to be not run otherwise', () => {
    const { present, absent } = onPath(['frps', 'frpc', 'chisel', 'cloudflared']);
    expect(present.map(({ name }) => name)).to.deep.equal(['frp', 'chisel']);
    expect(absent.find(({ name }) => name === 'cloudflared')?.status).to.equal('not-run');
  });
});
