/**
 * Bounds of one record of a database, everything its pointers lead to included. Those of the largest commercial databases are below 300
 * values, nested 5 deep.
 */
export const MAX_VALUES_PER_RECORD = 2000;
export const MAX_NESTING = 32;

type Measured = { readonly values: number; readonly height: number };
type Walked = Measured & { readonly next: number };
type Control = { readonly type: number; readonly size: number; readonly next: number };

/** Types of MaxMind DB 2.0, "Output Data Section". Containers (12) and end markers (13) are in no file. */
const POINTER = 1;
const TEXT = 2;
const MAP = 7;
const ARRAY = 11;
/** How many bytes the others may have. */
const SIZES: Readonly<Record<number, readonly [number, number]>> = {
  [TEXT]: [0, Number.MAX_SAFE_INTEGER],
  3: [8, 8],
  4: [0, Number.MAX_SAFE_INTEGER],
  5: [0, 2],
  6: [0, 4],
  8: [0, 4],
  9: [0, 8],
  10: [0, 16],
  15: [4, 4],
};
const BOOLEAN = 14;
const SIZE_OFFSETS = [0, 29, 285, 65_821];
const POINTER_OFFSETS = [0, 2048, 526_336, 0];

/**
 * Walks values of a MaxMind DB without building them, before the library, which bounds nothing, may read them: what passes lies
 * within [base, end), has the sizes the format allows, and stays within the bounds above, so that neither pointers in circles
 * nor lengths of gigabytes cost more than a look. Each target of a pointer is walked once.
 */
export class ValueMeasure {
  readonly #db: Buffer;
  readonly #base: number;
  readonly #end: number;
  readonly #keys: ReadonlySet<string>;
  readonly #known = new Map<number, Measured>();
  #hasKey = false;

  /** `keys`: those whose presence in any map is to be noted. */
  constructor(db: Buffer, bounds: { readonly base: number; readonly end: number }, keys: readonly string[] = []) {
    this.#db = db;
    this.#base = bounds.base;
    this.#end = bounds.end;
    this.#keys = new Set(keys);
  }

  /** Whether a value measured so far has one of the keys. */
  get hasKey(): boolean {
    return this.#hasKey;
  }

  /** @throws an Error that says what is wrong, when the value at `offset` must not be read. */
  measure(offset: number): void {
    this.#target(offset, MAX_NESTING);
  }

  #target(offset: number, room: number): Measured {
    const known = this.#known.get(offset);
    if (known !== undefined) {
      requireSound(known.height <= room, 'it is nested too deep');
      return known;
    }
    const { values, height } = this.#walk(offset, room);
    this.#known.set(offset, { values, height });
    return { values, height };
  }

  #walk(offset: number, room: number): Walked {
    requireSound(room > 0, 'it is nested too deep');
    const control = this.#control(offset);
    const { type, size, next } = control;
    if (type === POINTER) {
      const { values, height } = this.#target(size, room - 1);
      return { values, height: height + 1, next };
    }
    if (type === MAP || type === ARRAY) return this.#walkAll(control, room);
    if (type === BOOLEAN) {
      requireSound(size <= 1, 'it has a boolean that is none');
      return { values: 1, height: 1, next };
    }
    const [least, most] = SIZES[type] ?? [1, 0];
    requireSound(size >= least && size <= most, `it has a value of type ${type} and ${size} bytes`);
    requireSound(next + size <= this.#end, 'a value goes beyond its end');
    return { values: 1, height: 1, next: next + size };
  }

  #walkAll({ type, size, next }: Control, room: number): Walked {
    const count = type === MAP ? size * 2 : size;
    let values = 1;
    let height = 1;
    let at = next;
    for (let index = 0; index < count; index += 1) {
      if (type === MAP && index % 2 === 0) this.#noteKey(at);
      const walked = this.#walk(at, room - 1);
      values += walked.values;
      height = Math.max(height, walked.height + 1);
      at = walked.next;
      requireSound(values <= MAX_VALUES_PER_RECORD, `it has a record of more than ${MAX_VALUES_PER_RECORD} values`);
    }
    return { values, height, next: at };
  }

  #noteKey(offset: number): void {
    const first = this.#control(offset);
    const { type, size, next } = first.type === POINTER ? this.#control(first.size) : first;
    requireSound(type === TEXT && next + size <= this.#end, 'it has a key that is no text');
    if (!this.#hasKey && size <= 32) this.#hasKey = this.#keys.has(this.#db.toString('latin1', next, next + size));
  }

  /** Of a pointer, `size` is where it leads. */
  #control(offset: number): Control {
    const first = this.#number(offset, 1);
    const type = first >> 5;
    if (type === POINTER) {
      const length = ((first >> 3) & 3) + 1;
      const high = length === 4 ? 0 : (first & 7) * 2 ** (8 * length);
      const size = this.#base + (POINTER_OFFSETS[length - 1] ?? 0) + high + this.#number(offset + 1, length);
      return { type, size, next: offset + 1 + length };
    }
    const behind = offset + (type === 0 ? 2 : 1);
    const extra = Math.max(0, (first & 31) - 28);
    const size = extra === 0 ? first & 31 : (SIZE_OFFSETS[extra] ?? 0) + this.#number(behind, extra);
    return { type: type === 0 ? this.#extended(offset + 1) : type, size, next: behind + extra };
  }

  #extended(offset: number): number {
    const type = this.#number(offset, 1) + 7;
    requireSound(type > MAP, 'it has a value of no known type');
    return type;
  }

  #number(offset: number, length: number): number {
    requireSound(offset >= this.#base && offset + length <= this.#end, 'a value goes beyond its end');
    return this.#db.readUIntBE(offset, length);
  }
}

function requireSound(holds: boolean, problem: string): asserts holds {
  requireThat(holds, `is cut short or damaged, ${problem}`);
}

export function requireThat(holds: boolean, problem: string): asserts holds {
  if (!holds) throw new Error(problem);
}
