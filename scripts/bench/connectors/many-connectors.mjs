import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { importBuilt } from '../system.mjs';

const SCRIPT = fileURLToPath(new URL('simulated.mjs', import.meta.url));
const GROUP = 'bench-simulated';
/** Enrolling and linking one batch. */
const LINK_LIMIT_MS = 600_000;
const ONLINE_LIMIT_MS = 30_000;
const ONLINE_POLL_MS = 250;

/** Simulated connectors beside the one that serves the apps; they come in batches and go all at once. */
export class ManyConnectors {
  #means;
  /** @type {import('../children.mjs').Child[]} */
  #batches = [];
  #linked = 0;

  /** @param {import('../cases/case.mjs').Means} means */
  constructor(means) {
    this.#means = means;
  }

  /** @param {number} connectors all that are to be online, the real one included */
  async linkUpTo(connectors) {
    const { children, folder, log, sallyport } = this.#means;
    if (sallyport === undefined) throw new Error('sallyport did not start');
    const count = connectors - 1 - this.#linked;
    if (count <= 0) return;
    if (this.#batches.length === 0) await this.#createGroup();
    const beginMs = performance.now();
    const order = {
      first: this.#linked,
      count,
      service: sallyport.system.connectorEndpointUrl,
      caFile: sallyport.caFile,
      folder: join(folder, 'connectors'),
      group: GROUP,
    };
    const token = await acquireToken(sallyport);
    const child = children.start('simulated connectors', process.execPath, [SCRIPT, JSON.stringify(order)]);
    this.#batches.push(child);
    child.write(`${token}\n`);
    await child.untilLine(/"event":"ready"/, LINK_LIMIT_MS);
    this.#linked += count;
    await this.#untilOnline(connectors);
    log(
      `${connectors} connectors are online, ${count} more after ${Math.round((performance.now() - beginMs) / 1000)} s`,
    );
  }

  /**
   * @param {number} connectors
   * @returns {Promise<string | undefined>} why a measurement with so many does not count
   */
  async whyNotOnline(connectors) {
    const online = await this.#countOnline();
    return online >= connectors ? undefined : `${online} connectors were online, expected ${connectors}`;
  }

  async stop() {
    for (const child of this.#batches) await child.stop();
  }

  async #createGroup() {
    const api = await this.#means.sallyport?.openApi();
    await api?.call('POST', '/connector-groups', { id: GROUP, name: 'simulated by the bench' });
    await api?.close();
  }

  async #countOnline() {
    const api = await this.#means.sallyport?.openApi();
    const answer = /** @type {{ connectors: { presence: string }[] } | undefined} */ (
      await api?.call('GET', '/connectors')
    );
    await api?.close();
    return (answer?.connectors ?? []).filter(({ presence }) => presence === 'online').length;
  }

  /** @param {number} connectors */
  async #untilOnline(connectors) {
    const deadline = Date.now() + ONLINE_LIMIT_MS;
    for (;;) {
      const reason = await this.whyNotOnline(connectors);
      if (reason === undefined) return;
      if (Date.now() > deadline) throw new Error(reason);
      await delay(ONLINE_POLL_MS);
    }
  }
}

/** @param {import('../targets/sallyport.mjs').Sallyport} sallyport */
async function acquireToken({ caFile, system, users }) {
  const admin = users.find(({ roles }) => roles.length > 0);
  if (admin === undefined) throw new Error('the development directory has no administrator');
  const { obtainToken } = await importBuilt('libs/identity/src/index.js');
  return obtainToken({
    issuer: system.issuer,
    clientId: system.clientId,
    scope: system.scope.replace(/[^/]+$/, 'Connector.Register'),
    username: admin.username,
    password: admin.password,
    ca: readFileSync(caFile, 'utf8'),
  });
}
