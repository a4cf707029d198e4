import { posix } from 'node:path';
import { type Import, packageOf, type SourceFile, type Violation } from './source-file.ts';

type Finding = Pick<Violation, 'rule' | 'message' | 'remedy'>;

/** Libraries and packages that know who a user or a connector is. The tunnel carries bytes for anyone. */
const IDENTITY_MODULES =
  /^(#libs\/(identity|nats-identity|pki)(\/|$)|jose$|node-jose$|passport|@nats-io\/(jwt|nkeys)$)/;

/** Boundaries 1 and 2 of docs/LAYOUT.md: who may import what. */
export function checkImports(file: SourceFile): readonly Violation[] {
  return file.imports.flatMap((one) => {
    const finding = one.specifier.startsWith('.') ? checkRelative(file.path, one) : checkNamed(file.path, one);
    return finding === undefined ? [] : [{ path: file.path, line: one.line, ...finding }];
  });
}

/** Where a relative specifier leads, relative to the project. */
export function resolveRelative(fromPath: string, specifier: string): string {
  return posix.join(posix.dirname(fromPath), specifier);
}

function checkRelative(path: string, { specifier }: Import): Finding | undefined {
  const target = resolveRelative(path, specifier);
  const from = packageOf(path);
  const to = packageOf(target);
  if (from === to) return undefined;
  if (from === 'spec') return checkReachOfSpec(path, target, to);
  // The reference pages are generated from what services say; services export nothing by name.
  if (path.startsWith('scripts/reference/') && to?.startsWith('services/') === true) return undefined;
  if (from?.startsWith('services/') === true && to?.startsWith('services/') === true) return serviceToService(target);
  if (from?.startsWith('libs/') === true && (to?.startsWith('services/') === true || to === 'broker')) {
    return libToService(target);
  }
  return {
    rule: 'relative-import-leaves-package',
    message: `${specifier} leads to ${target}, outside of ${from}`,
    remedy: 'import a library as #libs/<name>, the broker as #broker',
  };
}

/** Specs reach services and scripts by path, for they export nothing; of the libraries only the one they mirror. */
function checkReachOfSpec(path: string, target: string, to: string | undefined): Finding | undefined {
  const isOwn = to !== undefined && path.startsWith(`spec/${to}/`);
  if (isOwn || to === undefined || !to.startsWith('libs/')) return undefined;
  return {
    rule: 'lib-internals',
    message: `${target} belongs to ${to}, which this spec does not mirror`,
    remedy: `import #${to} or #${to}/testing`,
  };
}

function checkNamed(path: string, { specifier, isTypeOnly }: Import): Finding | undefined {
  const from = packageOf(path) ?? '';
  if (from === 'libs/tunnel-protocol' && IDENTITY_MODULES.test(specifier)) {
    return {
      rule: 'tunnel-knows-no-identity',
      message: `libs/tunnel-protocol imports ${specifier}${isTypeOnly ? ' (types)' : ''}`,
      remedy: 'let the caller resolve who it is and hand over a subject id',
    };
  }
  if (from.startsWith('libs/') && /^#broker(\/|$)/.test(specifier)) return libToService(specifier);
  return specifier.startsWith('#libs/') ? checkLibDoor(path, from, specifier) : undefined;
}

function checkLibDoor(path: string, from: string, specifier: string): Finding | undefined {
  const [, lib = '', door, ...deeper] = specifier.split('/');
  if (door === undefined) return undefined;
  const isOwnSpec = path.startsWith(`spec/libs/${lib}/`);
  if (door === 'internal' && deeper.length === 0 && (from.startsWith('libs/') || isOwnSpec)) return undefined;
  const isTesting = from === 'spec' || /^libs\/[^/]+\/src\/testing\//.test(path);
  if (door === 'testing' && deeper.length === 0 && isTesting) return undefined;
  return {
    rule: 'lib-internals',
    message: `${specifier} is not a public door of libs/${lib} for ${from}`,
    remedy: `import #libs/${lib}; /internal is for sibling libraries, /testing for specs`,
  };
}

function serviceToService(target: string): Finding {
  return {
    rule: 'service-imports-service',
    message: `a service imports ${target} of another service`,
    remedy: 'talk over a subject of libs/contracts, or move what both need into a library',
  };
}

function libToService(target: string): Finding {
  return {
    rule: 'lib-imports-service-or-broker',
    message: `a library imports ${target}`,
    remedy: 'pass what is needed as an argument, or move it into a library',
  };
}
