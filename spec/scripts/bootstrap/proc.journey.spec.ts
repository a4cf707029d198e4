import { expect } from 'chai';
import { describe, it } from 'mocha';
import { loadScript } from '../support/load-script.ts';

type Module = {
  readonly parseStat: (text: string) => object;
  readonly readStat: (pid: number) => object | undefined;
  readonly readProc: (pid: number, file: string) => string;
};
const { parseStat, readStat, readProc } = await loadScript<Module>('bootstrap/proc.mjs');
/** Above what Linux gives to processes (PID_MAX_LIMIT is 2 to the 22). */
const GONE = 2 ** 22 + 1;

const line = (command: string) =>
  `4711 (${command}) S 4000 4711 4711 0 -1 4194560 100 200 0 0 150 25 7 3 20 0 11 0 987654 1000000 2000 18446744073709551615\n`;

describe('a process in /proc', () => {
  it('is read with its processor time, parent, group, state and start', () => {
    expect(parseStat(line('node'))).to.deep.equal({
      pid: 4711,
      command: 'node',
      state: 'S',
      parentPid: 4000,
      groupId: 4711,
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

  it('can be this one, or one that is gone', () => {
    expect(readStat(process.pid)).to.include({ pid: process.pid, parentPid: process.ppid });
    expect(readStat(GONE)).to.equal(undefined);
    expect(readProc(GONE, 'environ')).to.equal('');
  });
});
