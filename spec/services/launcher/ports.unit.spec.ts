import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { choosePorts, withPartners } from '../../../services/launcher/src/ports.ts';

const listen = (port: number) =>
  new Promise<Server>((resolve) => {
    const server = createServer();
    server.listen({ port, host: '127.0.0.1' }, () => resolve(server));
  });
const portOf = (server: Server) => (server.address() as { port: number }).port;

describe('ports', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'sallyport-ports-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('are free ones, all different, and kept', async () => {
    const ports = await choosePorts(dir, 0, false);
    expect(new Set(Object.values(ports)).size).to.equal(Object.keys(ports).length);
    expect(await choosePorts(dir, 0, false)).to.deep.equal(ports);
  });

  it('have one more when a second identity provider is asked for, kept from then on', async () => {
    const ports = await choosePorts(dir, 0, false);
    expect(ports).not.to.have.property('partnersIdentityProvider');
    const more = await withPartners(dir, ports);
    expect(Object.values(ports)).not.to.include(more.partnersIdentityProvider);
    expect(await withPartners(dir, await choosePorts(dir, 0, false))).to.deep.equal(more);
  });

  it('name the port that is in use and how to choose another', async () => {
    const squatter = await listen(0);
    const port = portOf(squatter);
    const failure = (await choosePorts(dir, port, false).catch((error: unknown) => error)) as {
      code: string;
      message: string;
    };
    squatter.close();
    expect(failure.code).to.equal('ERR_LAUNCHER_PORT_IN_USE');
    expect(failure.message).to.contain(`port ${port}`).and.to.contain('--port');
  });

  it('refuse a damaged ports.json and leave it as it is', async () => {
    writeFileSync(join(dir, 'ports.json'), '{"ingress":"x"}');
    const failure = (await choosePorts(dir, 0, false).catch((error: unknown) => error)) as { code: string };
    expect(failure.code).to.equal('ERR_DATA_DIR_CORRUPT');
    expect(readFileSync(join(dir, 'ports.json'), 'utf8')).to.equal('{"ingress":"x"}');
  });
});
