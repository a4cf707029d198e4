import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { SallyportError } from '#libs/errors';
import { requireSubjectToken } from './aggregate-type.ts';

/** How far each reactor got. Only ever behind the truth: losing the newest save means reacting again, never skipping. */
export interface CheckpointStore {
  /** Undefined when the reactor never saved one. @throws ERR_EVENTS_CHECKPOINT when it cannot be read. */
  load(name: string): Promise<number | undefined>;
  /** Durable when it resolves. */
  save(name: string, position: number): Promise<void>;
}

/** For specs: forgets at the end of the process. */
export class InMemoryCheckpointStore implements CheckpointStore {
  readonly #positions = new Map<string, number>();

  async load(name: string): Promise<number | undefined> {
    return this.#positions.get(name);
  }

  async save(name: string, position: number): Promise<void> {
    this.#positions.set(name, position);
  }
}

/** One small file per reactor in a folder, replaced whole and synced to disk. One process per folder and name. */
export class FileCheckpointStore implements CheckpointStore {
  readonly #folder: string;

  constructor(options: { readonly folder: string }) {
    this.#folder = options.folder;
  }

  async load(name: string): Promise<number | undefined> {
    const file = this.#file(name);
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      if ((error as { code?: unknown } | null)?.code === 'ENOENT') return undefined;
      throw new SallyportError('ERR_EVENTS_CHECKPOINT', `checkpoint ${name} cannot be read`, { cause: error });
    });
    if (text === undefined) return undefined;
    if (!/^\d{1,15}\n$/.test(text)) {
      throw new SallyportError('ERR_EVENTS_CHECKPOINT', `checkpoint ${name} is damaged, expected one position`);
    }
    return Number(text);
  }

  async save(name: string, position: number): Promise<void> {
    const file = this.#file(name);
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const handle = await open(`${file}.new`, 'w', 0o600);
    try {
      await handle.writeFile(`${position}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(`${file}.new`, file);
  }

  #file(name: string): string {
    requireSubjectToken('reactor name', name);
    return join(this.#folder, `${name}.position`);
  }
}
