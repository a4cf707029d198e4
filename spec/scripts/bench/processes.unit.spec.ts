import { expect } from 'chai';
import { describe, it } from 'mocha';
import { loadScript } from '../support/load-script.ts';

type Process = {
  readonly pid: number;
  readonly command: string;
  readonly parentPid: number;
};
type Module = {
  readonly nameProcesses: (roots: Record<string, number>, processes: readonly Process[]) => Map<number, string>;
};
const { nameProcesses } = await loadScript<Module>('bench/processes.mjs');
const { parseMemoryMib } = await loadScript<{ parseMemoryMib: (text: string, key: string) => number }>(
  'bench/memory.mjs',
);

describe('bench: memory of a process', () => {
  it('reads memory in MiB, and nothing where the line is absent', () => {
    expect(parseMemoryMib('Name:\tnode\nVmRSS:\t   51200 kB\n', 'VmRSS')).to.equal(50);
    expect(parseMemoryMib('Rss:  1024 kB\nPss_Dirty: 99 kB\nPss:   512 kB\n', 'Pss')).to.equal(0.5);
    expect(parseMemoryMib('', 'Rss')).to.equal(0);
  });
});

describe('bench: names of processes', () => {
  const process = (pid: number, parentPid: number, command: string): Process => ({ pid, parentPid, command });
  const all = [
    process(1, 0, 'init'),
    process(10, 1, 'nginx'),
    process(11, 10, 'nginx'),
    process(20, 1, 'node'),
    process(21, 20, 'node'),
    process(22, 21, 'nats-server'),
    process(30, 1, 'other'),
  ];

  it('adds workers to their master and names other programs after their parent', () => {
    const names = nameProcesses({ nginx: 10, launcher: 20, connector: 21 }, all);
    expect([...names]).to.deep.equal([
      [10, 'nginx'],
      [11, 'nginx'],
      [20, 'launcher'],
      [21, 'connector'],
      [22, 'connector/nats-server'],
    ]);
  });
});
