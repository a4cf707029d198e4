import { expect } from 'chai';
import { describe, it } from 'mocha';
import { checkFiles } from '../../../scripts/boundaries/check-tree.ts';
import { readSource } from '../../../scripts/boundaries/source-file.ts';

type Tree = Readonly<Record<string, string>>;

const check = (tree: Tree) => checkFiles(Object.entries(tree).map(([path, text]) => readSource(path, text)));

/** Each rule with trees that break it, and where; and trees that come close and do not. */
const RULES: Readonly<Record<string, { readonly bad: readonly (readonly [Tree, string])[]; readonly good: Tree }>> = {
  'service-imports-service': {
    bad: [
      [{ 'services/a/src/x.ts': "\nimport { y } from '../../b/src/y.ts';" }, 'services/a/src/x.ts:2'],
      [{ 'services/a/src/x.ts': "import type { Y } from '../../b/src/y.ts';" }, 'services/a/src/x.ts:1'],
      [{ 'services/a/src/x.ts': "const y = await import('../../b/src/y.ts');" }, 'services/a/src/x.ts:1'],
    ],
    good: {
      'services/a/src/x.ts': "import { y } from './deep/y.ts';\nimport { z } from '#libs/z';\nimport '#broker';",
    },
  },
  'lib-imports-service-or-broker': {
    bad: [
      [{ 'libs/a/src/x.ts': "import { y } from '../../../services/b/src/y.ts';" }, 'libs/a/src/x.ts:1'],
      [{ 'libs/a/src/x.ts': "import { y } from '#broker';" }, 'libs/a/src/x.ts:1'],
      [{ 'libs/a/src/x.ts': "export { y } from '../../../broker/src/y.ts';" }, 'libs/a/src/x.ts:1'],
    ],
    good: { 'libs/a/src/x.ts': "import { y } from '#libs/b';" },
  },
  'relative-import-leaves-package': {
    bad: [
      [{ 'libs/a/src/x.ts': "import { y } from '../../b/src/index.ts';" }, 'libs/a/src/x.ts:1'],
      [{ 'services/a/src/x.ts': "import { y } from '../../../libs/b/src/index.ts';" }, 'services/a/src/x.ts:1'],
      [{ 'broker/src/x.ts': "import { y } from '../../libs/b/src/index.ts';" }, 'broker/src/x.ts:1'],
    ],
    good: { 'libs/a/src/deep/x.ts': "import { y } from '../y.ts';" },
  },
  'lib-internals': {
    bad: [
      [{ 'services/a/src/x.ts': "import { y } from '#libs/b/internal';" }, 'services/a/src/x.ts:1'],
      [{ 'services/a/src/x.ts': "import { y } from '#libs/b/src/y.ts';" }, 'services/a/src/x.ts:1'],
      [{ 'services/a/src/x.ts': "import { y } from '#libs/b/testing';" }, 'services/a/src/x.ts:1'],
      [{ 'libs/a/src/x.ts': "import { y } from '#libs/b/testing';" }, 'libs/a/src/x.ts:1'],
      [{ 'spec/services/a/x.ts': "import { y } from '../../../libs/b/src/y.ts';" }, 'spec/services/a/x.ts:1'],
      [{ 'spec/services/a/x.ts': "import { y } from '#libs/b/internal';" }, 'spec/services/a/x.ts:1'],
    ],
    good: {
      'libs/a/src/x.ts': "import { y } from '#libs/b/internal';",
      'libs/a/src/testing/x.ts': "import { y } from '#libs/b/testing';",
      'spec/services/a/x.ts': "import { y } from '#libs/b/testing';\nimport '../../../services/a/src/z.ts';",
      'spec/libs/b/y.ts': "import { y } from '../../../libs/b/src/y.ts';\nimport '../../support/z.ts';",
    },
  },
  'tunnel-knows-no-identity': {
    bad: [
      [{ 'libs/tunnel-protocol/src/x.ts': "import { y } from '#libs/identity';" }, 'libs/tunnel-protocol/src/x.ts:1'],
      [{ 'libs/tunnel-protocol/src/x.ts': "import type { Y } from '#libs/pki';" }, 'libs/tunnel-protocol/src/x.ts:1'],
      [{ 'libs/tunnel-protocol/src/x.ts': "import { y } from 'jose';" }, 'libs/tunnel-protocol/src/x.ts:1'],
    ],
    good: {
      'libs/tunnel-protocol/src/x.ts': "import { y } from '#libs/errors';",
      'libs/other/src/x.ts': "import { y } from '#libs/identity';",
    },
  },
  'only-main-touches-process': {
    bad: [
      [{ 'services/a/src/config.ts': '\nconst home = process.env.HOME;' }, 'services/a/src/config.ts:2'],
      [{ 'services/a/src/config.ts': "const home = process['env'];" }, 'services/a/src/config.ts:1'],
      [{ 'libs/a/src/x.ts': "import { env } from 'node:process';" }, 'libs/a/src/x.ts:1'],
      [{ 'libs/a/src/x.ts': 'const { env } = process;' }, 'libs/a/src/x.ts:1'],
      [{ 'libs/a/src/x.ts': "process.on('SIGTERM', stop);" }, 'libs/a/src/x.ts:1'],
      [{ 'libs/a/src/x.ts': 'globalThis.process.exit();' }, 'libs/a/src/x.ts:1'],
      [{ 'libs/a/src/main.ts': 'process.exit(1);' }, 'libs/a/src/main.ts:1'],
    ],
    good: {
      'services/a/src/main.ts': 'process.exit(1);',
      'scripts/x.ts': 'process.exit(1);',
      'libs/a/src/x.ts':
        "// process.env\nchild.process.kill();\nconst a = 'process.env';\ntype P = { process: string };",
      'libs/b/src/x.ts': "import type { Process } from 'node:process';",
      'libs/c/src/x.ts': 'for (const process of supervised) process.drain();',
    },
  },
  'pure-file': {
    bad: [
      [{ 'services/a/src/x.decide.ts': "import { readFileSync } from 'node:fs';" }, 'services/a/src/x.decide.ts:1'],
      [{ 'services/a/src/x.state.ts': "import { connect } from 'nats';" }, 'services/a/src/x.state.ts:1'],
      [{ 'services/a/src/x.decider.ts': '\n\nconst at = Date.now();' }, 'services/a/src/x.decider.ts:3'],
      [{ 'services/a/src/evaluate-access.ts': 'const at = new Date();' }, 'services/a/src/evaluate-access.ts:1'],
      [{ 'services/a/src/score-sign-in.ts': 'const n = Math.random();' }, 'services/a/src/score-sign-in.ts:1'],
      [{ 'services/a/src/x.decide.ts': 'const id = crypto.randomUUID();' }, 'services/a/src/x.decide.ts:1'],
      [{ 'services/a/src/x.decide.ts': 'setTimeout(f, 1);' }, 'services/a/src/x.decide.ts:1'],
      [{ 'services/a/src/x.decide.ts': "const id = newId('app');" }, 'services/a/src/x.decide.ts:1'],
      [{ 'services/a/src/x.decide.ts': "await fetch('x');" }, 'services/a/src/x.decide.ts:1'],
      [
        {
          'services/a/src/x.decide.ts': "\nimport { y } from './y.ts';",
          'services/a/src/y.ts': "import { z } from './deep/z.ts';",
          'services/a/src/deep/z.ts': "import { readFileSync } from 'node:fs';",
        },
        'services/a/src/x.decide.ts:2',
      ],
    ],
    good: {
      'services/a/src/x.decide.ts':
        "import type { Socket } from 'node:net';\nimport { y } from './y.ts';\nimport { z } from '#libs/z';\nconst at = new Date(command.at);",
      'services/a/src/y.ts': "import type { Deep } from './z.ts';\n// Date.now()",
      'services/a/src/z.ts': "import { readFileSync } from 'node:fs';\nDate.now();",
    },
  },
  'subject-literal': {
    bad: [
      [{ 'services/a/src/x.ts': "\nsend('cmd.acme.auth.sign-out');" }, 'services/a/src/x.ts:2'],
      // biome-ignore lint/suspicious/noTemplateCurlyInString: this is the source under test
      [{ 'services/a/src/x.ts': 'send(`evt.${tenant}.a.b.c`);' }, 'services/a/src/x.ts:1'],
      [{ 'libs/a/src/x.ts': 'const all = "tun.>";' }, 'libs/a/src/x.ts:1'],
      [{ 'libs/a/src/x.ts': "const all = 'prs.*';" }, 'libs/a/src/x.ts:1'],
    ],
    good: {
      'libs/a/src/subjects.ts': "const all = 'tun.>';",
      'services/a/src/x.stream.ts': "const all = 'evt.>';",
      'services/a/src/x.api.ts': "const all = 'qry.>';",
      'broker/src/x.ts': "const all = 'acc.>';",
      'spec/a/x.ts': "const all = 'aud.>';",
      'services/a/src/x.ts': "// 'evt.a.b'\nconst a = 'event.a'; const b = 'evt.'; const c = 'the cfg.x';",
    },
  },
  'file-length': {
    bad: [[{ 'libs/a/src/x.ts': 'a;\n'.repeat(301) }, 'libs/a/src/x.ts:1']],
    good: {
      'libs/a/src/x.ts': 'a;\n'.repeat(300),
      'libs/a/src/y.ts': `// Long because the state machine is one table.\n${'a;\n'.repeat(400)}`,
    },
  },
};

for (const [rule, { bad, good }] of Object.entries(RULES)) {
  describe(`boundary ${rule}`, () => {
    for (const [tree, place] of bad) {
      it(`is broken by ${JSON.stringify(Object.values(tree)[0]?.trim().slice(0, 60))} in ${place}`, () => {
        const violations = check(tree);
        expect(violations.map((one) => `${one.path}:${one.line} ${one.rule}`)).to.deep.equal([`${place} ${rule}`]);
        expect(violations[0]?.remedy).to.be.a('string').and.not.equal('');
      });
    }

    it('is kept by what comes close', () => {
      expect(check(good)).to.deep.equal([]);
    });
  });
}
