import type { LibraryHandle } from 'koffi';
import { GssFailure, type GssStep } from './gss-failure.ts';
import type { KerberosName, NameKind } from './kerberos-names.ts';

/** The library of MIT Kerberos; Debian has it in this package. */
export const GSS_LIBRARY = 'libgssapi_krb5.so.2';
export const GSS_PACKAGE = 'libgssapi-krb5-2';

const KERBEROS = '2a864886f712010202';
const NAME_TYPES: Readonly<Record<NameKind, string>> = {
  account: '2a864886f71201020201',
  enterprise: '2a864886f71201020206',
  'host-service': '2a864886f71201020104',
};
const INITIATE = 1;
const INDEFINITE = 0;
/** Upper half: calling and routine errors (RFC 2744, 3.9.1). */
const ERROR_BITS = 0xffff0000;
const OF_MECHANISM = 2;

/** An address in the library's memory. */
type Pointer = unknown;
/** A function of the library: synchronous, or on a thread of the process. */
type Native = {
  (...args: readonly unknown[]): unknown;
  readonly async: (...args: readonly unknown[]) => unknown;
};

/** A user's credential: their ticket to the connector, and the tickets to services got by it. */
export type UserCredential = { readonly pointer: Pointer; readonly lifetimeSeconds: number };

/** Calls of the GSS library (RFC 2744 and MIT's extensions). All may wait for a KDC; all throw GssFailure. */
export type Gss = {
  /**
   * A credential to act for the user: with the keytab's account, whose own ticket is kept under `cache` and renewed by the library.
   */
  impersonate(user: KerberosName, cache: string): Promise<UserCredential>;
  /** A fresh token of Kerberos 5 for one request (RFC 4121, 4.1). */
  token(credential: UserCredential, service: KerberosName): Promise<Buffer>;
  release(credential: UserCredential): void;
};

/**
 * Binds the library by koffi, which is loaded here and nowhere else. @throws when either is not on this host.
 */
export async function openGss(keytab: string): Promise<Gss> {
  const { default: koffi } = await import('koffi');
  const library = koffi.load(GSS_LIBRARY);
  const oidType = koffi.struct({ length: 'uint32_t', elements: 'void *' });
  const oidSet = koffi.struct({ count: 'size_t', elements: 'void *' });
  koffi.struct('gss_buffer', { length: 'size_t', value: 'void *' });
  const keyValue = koffi.struct('gss_key_value', { key: 'const char *', value: 'const char *' });
  koffi.struct('gss_store', { count: 'uint32_t', elements: koffi.pointer(keyValue) });
  const native = bind(library);

  /** For the life of the process: the library may look at it from any thread. */
  const oid = (hex: string): Pointer => {
    const bytes = Buffer.from(hex, 'hex');
    const elements: Pointer = koffi.alloc('uint8_t', bytes.length);
    koffi.encode(elements, koffi.array('uint8_t', bytes.length), [...bytes]);
    const pointer: Pointer = koffi.alloc(oidType, 1);
    koffi.encode(pointer, oidType, { length: bytes.length, elements });
    return pointer;
  };
  const kerberos = oid(KERBEROS);
  const nameTypes = {
    account: oid(NAME_TYPES.account),
    enterprise: oid(NAME_TYPES.enterprise),
    'host-service': oid(NAME_TYPES['host-service']),
  };
  const mechanisms: Pointer = koffi.alloc(oidSet, 1);
  koffi.encode(mechanisms, oidSet, { count: 1, elements: kerberos });

  const textOf = (out: unknown): Buffer => {
    const { length, value } = out as { readonly length: number | bigint; readonly value: Pointer };
    const size = Number(length);
    // A copy: the memory is the library's.
    return size === 0 ? Buffer.alloc(0) : Buffer.from(new Uint8Array(koffi.view(value, size)));
  };
  const take = (out: unknown[]): Buffer => {
    const bytes = textOf(out[0]);
    native.releaseBuffer([0], out);
    return bytes;
  };
  const explain = (minor: number): string => {
    const out: unknown[] = [{}];
    native.displayStatus([0], minor, OF_MECHANISM, kerberos, [0], out);
    return take(out).toString('utf8');
  };
  const require = (step: GssStep, major: unknown, minor: readonly number[]): void => {
    if ((Number(major) & ERROR_BITS) === 0) return;
    const code = (minor[0] ?? 0) | 0;
    throw new GssFailure(step, code, explain(code) || `GSS error ${Number(major).toString(16)}`);
  };
  const call = (step: GssStep, native: Native, minor: number[], ...args: readonly unknown[]): Promise<void> =>
    new Promise((resolve, reject) => {
      native.async(minor, ...args, (error: unknown, major: unknown) => {
        if (error)
          return reject(error instanceof Error ? error : new Error(`${step}: the library could not be called`));
        try {
          require(step, major, minor);
          resolve();
        } catch (failure) {
          reject(failure instanceof Error ? failure : new Error(String(failure)));
        }
      });
    });
  const importName = (step: GssStep, { text, kind }: KerberosName): Pointer => {
    const minor = [0];
    const out: Pointer[] = [null];
    const value = Buffer.from(text, 'utf8');
    require(step, native.importName(minor, { length: value.length, value }, nameTypes[kind], out), minor);
    return out[0];
  };

  return {
    impersonate: async (user, cache) => {
      const store = {
        count: 2,
        elements: [
          { key: 'client_keytab', value: `FILE:${keytab}` },
          { key: 'ccache', value: cache },
        ],
      };
      const own: Pointer[] = [null];
      const credential: Pointer[] = [null];
      const lifetime = [0];
      const name = importName('impersonate', user);
      try {
        await call('acquire', native.acquireFrom, [0], null, INDEFINITE, mechanisms, INITIATE, store, own, null, null);
        await call(
          'impersonate',
          native.impersonate,
          [0],
          own[0],
          name,
          INDEFINITE,
          mechanisms,
          INITIATE,
          credential,
          null,
          lifetime,
        );
      } finally {
        native.releaseName([0], [name]);
        if (own[0]) native.releaseCredential([0], own);
      }
      return { pointer: credential[0], lifetimeSeconds: lifetime[0] ?? 0 };
    },
    token: async ({ pointer }, service) => {
      const context: Pointer[] = [null];
      const out: unknown[] = [{}];
      const name = importName('delegate', service);
      try {
        await call(
          'delegate',
          native.initContext,
          [0],
          pointer,
          context,
          name,
          kerberos,
          0,
          INDEFINITE,
          null,
          null,
          null,
          out,
          null,
          null,
        );
        return take(out);
      } finally {
        native.releaseName([0], [name]);
        if (context[0]) native.deleteContext([0], context, null);
      }
    },
    release: ({ pointer }) => {
      native.releaseCredential([0], [pointer]);
    },
  };
}

/** Declarations as in gssapi.h and gssapi_ext.h; handles and object identifiers are plain addresses here. */
function bind(library: LibraryHandle) {
  const of = (definition: string): Native => library.func(`uint32_t ${definition}`);
  return {
    importName: of('gss_import_name(_Out_ uint32_t *minor, gss_buffer *text, void *type, _Out_ void **name)'),
    acquireFrom: of(
      'gss_acquire_cred_from(_Out_ uint32_t *minor, void *name, uint32_t time, void *mechs, int usage, gss_store *store, _Out_ void **cred, void *actual, void *lifetime)',
    ),
    impersonate: of(
      'gss_acquire_cred_impersonate_name(_Out_ uint32_t *minor, void *own, void *name, uint32_t time, void *mechs, int usage, _Out_ void **cred, void *actual, _Out_ uint32_t *lifetime)',
    ),
    initContext: of(
      'gss_init_sec_context(_Out_ uint32_t *minor, void *cred, _Inout_ void **context, void *name, void *mech, uint32_t flags, uint32_t time, void *bindings, void *input, void *actual, _Out_ gss_buffer *out, void *flagsGiven, void *lifetime)',
    ),
    displayStatus: of(
      'gss_display_status(_Out_ uint32_t *minor, uint32_t code, int type, void *mech, _Inout_ uint32_t *more, _Out_ gss_buffer *out)',
    ),
    releaseBuffer: of('gss_release_buffer(_Out_ uint32_t *minor, _Inout_ gss_buffer *buffer)'),
    releaseCredential: of('gss_release_cred(_Out_ uint32_t *minor, _Inout_ void **cred)'),
    releaseName: of('gss_release_name(_Out_ uint32_t *minor, _Inout_ void **name)'),
    deleteContext: of('gss_delete_sec_context(_Out_ uint32_t *minor, _Inout_ void **context, void *token)'),
  };
}
