import { lineAt, type SourceFile, type Violation } from './source-file.ts';

/** Past this a file is split, or its first line says why it is not. */
export const MAX_LINES = 300;

/** A child process has a composition root of its own, beside what it is made of. */
const MAY_TOUCH_PROCESS = /^(services\/[^/]+\/src\/(.+\/)?main\.ts|scripts\/.*|spec\/.*)$/;
const PROCESS_MEMBER = /(?<![.\w$#])process\s*(?:\?\.|\.(?!\.))\s*(\w+)/g;
const PROCESS_ITSELF = /(?<![.\w$#])process\s*(?:\?\.)?\[|\bglobalThis\s*\.\s*process\b|\}\s*=\s*process\b/g;

const MAY_NAME_SUBJECTS = /^(broker|spec)\/|(^|\/)subjects\.ts$|\.(stream|api)\.ts$/;
const SUBJECT = /^(evt|cmd|qry|cfg|prs|tun|acc|aud)\.(?=[\w*>${-])/;

const REASON_FOR_LENGTH = /^\s*(\/\/|\/\*).*\b(long|lines?|length|one file)\b/i;

/** Boundary 2, second half: the composition root alone knows that there is an operating system process. */
export function checkProcess(file: SourceFile): readonly Violation[] {
  if (MAY_TOUCH_PROCESS.test(file.path)) return [];
  const remedy = 'read it in main.ts and pass it as an argument';
  const imports = file.imports
    .filter(({ specifier, isTypeOnly }) => !isTypeOnly && /^(node:)?process$/.test(specifier))
    .map(({ specifier, line }) => ({ line, message: `imports ${specifier}` }));
  // A local of this name (a supervised process) is told apart by what is asked of it: Node.js's own has that member.
  const members = [...file.code.matchAll(PROCESS_MEMBER)].filter((match) => (match[1] ?? '') in process);
  const uses = [...members, ...file.code.matchAll(PROCESS_ITSELF)].map((match) => ({
    line: lineAt(file.text, match.index),
    message: `touches process${match[1] === undefined ? '' : `.${match[1]}`}`,
  }));
  return [...imports, ...uses].map((found) => ({
    path: file.path,
    rule: 'only-main-touches-process',
    remedy,
    ...found,
  }));
}

/** Boundary 4, first half: a subject is written down where subjects are looked for. */
export function checkSubjectLiterals(file: SourceFile): readonly Violation[] {
  if (MAY_NAME_SUBJECTS.test(file.path)) return [];
  return file.literals
    .filter(({ head, hasExpression }) => SUBJECT.test(hasExpression ? `${head}$` : head))
    .map(({ head, offset, hasExpression }) => ({
      path: file.path,
      line: lineAt(file.text, offset),
      rule: 'subject-literal',
      message: `subject "${head}${hasExpression ? '…' : ''}" is written out here`,
      remedy: 'build it in subjects.ts, a *.stream.ts or a *.api.ts and import the builder',
    }));
}

export function checkLength(file: SourceFile): readonly Violation[] {
  const lines = file.text.replace(/\n$/, '').split('\n');
  if (lines.length <= MAX_LINES || REASON_FOR_LENGTH.test(lines[0] ?? '')) return [];
  return [
    {
      path: file.path,
      line: 1,
      rule: 'file-length',
      message: `${lines.length} lines, expected at most ${MAX_LINES}`,
      remedy: 'split it by idea, or begin it with "// long because …"',
    },
  ];
}
