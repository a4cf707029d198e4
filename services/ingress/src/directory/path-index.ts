/** Entries up to which comparing each is cheaper than cutting the path. */
const MAX_COMPARED = 4;

/**
 * Values by folder, found by the longest folder that holds a path, at whole segments. A look-up costs one comparison for
 * each distinct length of a folder, not for each folder, and cuts the path only where a folder of that length can end.
 */
export class PathIndex<T> {
  readonly #byFolder = new Map<string, readonly T[]>();
  /** Distinct lengths of folders, longest first, and how many folders have each. */
  #lengths: readonly number[] = [];
  readonly #counts = new Map<number, number>();
  #few: readonly (readonly [string, readonly T[]])[] | undefined;

  get isEmpty(): boolean {
    return this.#byFolder.size === 0;
  }

  /** `folder` begins and ends with a slash. */
  add(folder: string, value: T): void {
    const known = this.#byFolder.get(folder);
    this.#byFolder.set(folder, known === undefined ? [value] : [...known, value]);
    if (known === undefined) this.#count(folder.length, 1);
    this.#few = undefined;
  }

  remove(folder: string, value: T): void {
    const known = this.#byFolder.get(folder);
    if (known === undefined) return;
    const rest = known.filter((one) => one !== value);
    if (rest.length > 0) this.#byFolder.set(folder, rest);
    else {
      this.#byFolder.delete(folder);
      this.#count(folder.length, -1);
    }
    this.#few = undefined;
  }

  /** The values of the longest folder that holds the path; `/a` is held by `/a/`. */
  find(path: string): readonly T[] | undefined {
    if (this.#byFolder.size <= MAX_COMPARED) return this.#findAmongFew(path);
    for (const length of this.#lengths) {
      if (length > path.length + 1) continue;
      if (length === path.length + 1) {
        const found = path.endsWith('/') ? undefined : this.#byFolder.get(`${path}/`);
        if (found !== undefined) return found;
        continue;
      }
      if (path.charCodeAt(length - 1) !== 0x2f) continue;
      const found = this.#byFolder.get(path.length === length ? path : path.slice(0, length));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Every value, longest folder first. */
  values(): readonly T[] {
    const sorted = [...this.#byFolder].sort(([a], [b]) => b.length - a.length);
    return sorted.flatMap(([, values]) => values);
  }

  #findAmongFew(path: string): readonly T[] | undefined {
    this.#few ??= [...this.#byFolder].sort(([a], [b]) => b.length - a.length);
    for (const [folder, values] of this.#few) {
      if (path.length >= folder.length ? path.startsWith(folder) : isFolderItself(folder, path)) return values;
    }
    return undefined;
  }

  #count(length: number, change: 1 | -1): void {
    const count = (this.#counts.get(length) ?? 0) + change;
    if (count === 0) this.#counts.delete(length);
    else this.#counts.set(length, count);
    if (count !== (change === 1 ? 1 : 0)) return;
    this.#lengths = [...this.#counts.keys()].sort((a, b) => b - a);
  }
}

function isFolderItself(folder: string, path: string): boolean {
  return path.length === folder.length - 1 && folder.startsWith(path);
}
