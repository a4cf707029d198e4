import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A folder of its own for one spec. */
export type TempProject = {
  readonly root: string;
  /** Absolute path of a file in it. */
  readonly path: (relative: string) => string;
  readonly write: (relative: string, text: string) => string;
  /** Writes an executable shell script. */
  readonly writeProgram: (relative: string, body: string) => string;
  readonly remove: () => void;
};

export function createTempProject(): TempProject {
  const root = mkdtempSync(join(tmpdir(), 'sallyport-spec-'));
  const path = (relative: string) => join(root, relative);
  const write = (relative: string, text: string) => {
    mkdirSync(dirname(path(relative)), { recursive: true });
    writeFileSync(path(relative), text);
    return path(relative);
  };
  return {
    root,
    path,
    write,
    writeProgram: (relative, body) => {
      const file = write(relative, `#!/bin/sh\n${body}\n`);
      chmodSync(file, 0o755);
      return file;
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** Body of a program that answers like nats-server. */
export function natsServerBody(version: string): string {
  return `echo "nats-server: v${version}"`;
}
