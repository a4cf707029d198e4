import { expect } from 'chai';
import { describe, it } from 'mocha';
import { loadScript } from '../support/load-script.ts';

type Stat = {
  readonly pid: number;
  readonly command: string;
  readonly parentPid: number;
  readonly cpuTicks: number;
  readonly childCpuTicks: number;
  readonly startTicks: number;
};
type Module = {
  readonly parseStat: (text: string) => Stat;
  readonly nameProcesses: (roots: Record<string, number>, processes: readonly Stat[]) => Map<number, string>;
};
const { parseStat, nameProcesses } = await loadScript<Module>('bench/processes.mjs');
const { parseMemoryMib } = await loadScript<{ parseMemoryMib: (text: string, key: string) => number }>(
  'bench/memory.mjs',
);

const line = (command: string) =>
  `4711 (${command}) S 4000 4711 4711 0 -1 4194560 100 200 0 0 150 25 7 3 20 0 11 0 987654 1000000 2000 18446744073709551615\n`;

describe('bench: /proc', () => {
  it('reads CPU time, parent and start of a process', () => {
    expect(parseStat(line('node'))).to.deep.equal({
      pid: 4711,
      command: 'node',
      parentPid: 4000,
      cpuTicks: 175,
      childCpuTicks: 10,
      startTicks: 987_654,
    });
  });

  it('is not misled by a command with spaces and parentheses', () => {
    expect(parseStat(line('a) S 1 (b'))).to.include({ command: 'a) S 1 (b', parentPid: 4000, cpuTicks: 175 });
  });

  it('refuses what is no line of stat', () => {
    expect(() => parseStat('nonsense')).to.throw('not a line of stat');
  });

  it('reads memory in MiB, and nothing where the line is absent', () => {
    expect(parseMemoryMib('Name:\tnode\nVmRSS:\t   51200 kB\n', 'VmRSS')).to.equal(50);
    expect(parseMemoryMib('Rss:  1024 kB\nPss_Dirty: 99 kB\nPss:   512 kB\n', 'Pss')).to.equal(0.5);
    expect(parseMemoryMib('', 'Rss')).to.equal(0);
  });
});

describe('bench: names of processes', () => {
  const process = (pid: number, parentPid: number, command: string): Stat => ({
    ...parseStat(line(command)),
    pid,
    parentPid,
  });
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
