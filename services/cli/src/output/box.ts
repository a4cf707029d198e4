import { padTo, widthOf } from './table.ts';

export function renderBox(lines: readonly string[]): string {
  const width = Math.max(...lines.map(widthOf));
  const edge = '─'.repeat(width + 2);
  return [`┌${edge}┐`, ...lines.map((line) => `│ ${padTo(line, width)} │`), `└${edge}┘`, ''].join('\n');
}
