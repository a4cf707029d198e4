/**
 * Loads a plain `.mjs` of scripts/. These run before there are packages, so they carry JSDoc types, checked by
 * scripts/tsconfig.json; what a spec uses of them it names as T.
 * @param path relative to scripts/
 */
export async function loadScript<T>(path: string): Promise<T> {
  const url = new URL(`../../../scripts/${path}`, import.meta.url);
  return (await import(url.href)) as T;
}

/** What a BootstrapError shows. */
export type BootstrapFailure = {
  readonly code: string;
  readonly message: string;
  readonly tried: readonly string[];
  readonly mend: string;
};

/** The error a promise rejects with. */
export async function failureOf(promise: Promise<unknown>): Promise<BootstrapFailure> {
  return promise.then(
    (value) => {
      throw new Error(`expected a failure, got ${JSON.stringify(value)}`);
    },
    (error: BootstrapFailure) => error,
  );
}
