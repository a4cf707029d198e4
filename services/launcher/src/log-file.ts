import { createWriteStream, openSync, renameSync, statSync, type WriteStream } from 'node:fs';

/** Bytes of one log file. At the bound it becomes `<name>.1`, in place of the one before, and a new one begins. */
export const MAX_LOG_BYTES = 32 * 1024 * 1024;

/** The log of one process, mode 0600: what happens on the internet side may not fill the disk of the event store. */
export class LogFile {
  readonly #path: string;
  readonly #maxBytes: number;
  #stream: WriteStream;
  #bytes: number;

  constructor(path: string, maxBytes: number = MAX_LOG_BYTES) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#bytes = sizeOf(path);
    this.#stream = open(path);
  }

  writeLine(line: string): void {
    if (this.#bytes >= this.#maxBytes) this.#turn();
    this.#bytes += Buffer.byteLength(line) + 1;
    this.#stream.write(`${line}\n`);
  }

  /** Resolves when everything is written. */
  end(): Promise<void> {
    return new Promise((resolve) => {
      this.#stream.once('close', resolve);
      this.#stream.end();
    });
  }

  /** What the old stream has not written yet follows its file to the new name. */
  #turn(): void {
    try {
      renameSync(this.#path, `${this.#path}.1`);
    } catch {
      // Not there yet, or not ours to rename: the next line goes on in the same file.
    }
    this.#stream.end();
    this.#stream = open(this.#path);
    this.#bytes = 0;
  }
}

/** Opened at once: a stream that opens by itself, later, could find the path of the next file. */
function open(path: string): WriteStream {
  const stream = createWriteStream(path, { fd: openSync(path, 'a', 0o600) });
  // A full disk costs log lines, not the launcher and with it every process.
  stream.on('error', () => undefined);
  return stream;
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
