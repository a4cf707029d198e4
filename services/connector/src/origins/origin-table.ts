import { LRUCache } from 'lru-cache';
import { type AppAddress, addressAt, addressesOf, isWildcardHost, type OriginConfig } from '#libs/contracts';
import type { RequestHead } from '#libs/tunnel-protocol';
import { fieldValue } from './origin-rules.ts';
import { createTarget, type OriginTarget } from './origin-target.ts';

/** Addresses of wildcard apps that are remembered; a further one is worked out again. */
export const MAX_REMEMBERED_TARGETS = 1_000;

/** The origins of one app. */
export type OriginApp = {
  /** Where this request goes; undefined when it came by no address of the app. */
  targetOf(head: RequestHead): OriginTarget | undefined;
};

export type OriginTable = ReadonlyMap<string, OriginApp>;

/** Host name in a Host field: no port, lower case, and nothing that could change a URL it is put into. */
const HOST = /^([a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/;

/** Apps whose URLs cannot be used are left out: requests for them are refused as unknown, never sent elsewhere. */
export function createOriginTable(apps: readonly OriginConfig[]): OriginTable {
  const remembered = new LRUCache<string, OriginTarget>({ max: MAX_REMEMBERED_TARGETS });
  const table = new Map<string, OriginApp>();
  for (const app of apps) {
    const addresses = addressesOf(app).filter((address) => createTarget(app, address) !== undefined);
    const [first] = addresses;
    if (first === undefined) continue;
    const only = addresses.length === 1 && !isPattern(first) ? createTarget(app, first) : undefined;
    table.set(app.appId, only ? { targetOf: () => only } : severalPlaces(app, addresses, remembered));
  }
  return table;
}

function severalPlaces(
  app: OriginConfig,
  addresses: readonly AppAddress[],
  remembered: LRUCache<string, OriginTarget>,
): OriginApp {
  return {
    targetOf: (head) => {
      const hostname = HOST.exec((fieldValue(head.fields, 'host') ?? '').toLowerCase())?.[1];
      const address = hostname === undefined ? undefined : addressAt(addresses, hostname, pathOf(head.target));
      if (address === undefined) return undefined;
      const key = `${app.appId} ${address.externalUrl} ${address.internalUrl}`;
      const known = remembered.get(key);
      if (known !== undefined) return known;
      const target = createTarget(app, address);
      if (target !== undefined) remembered.set(key, target);
      return target;
    },
  };
}

function pathOf(target: string): string {
  const query = target.search(/[?#]/);
  return query < 0 ? target : target.slice(0, query);
}

function isPattern({ externalUrl, internalUrl }: AppAddress): boolean {
  return [externalUrl, internalUrl].some((url) => isWildcardHost(url.replace(/^https?:\/\//, '')));
}
