import { expect } from 'chai';
import { describe, it } from 'mocha';
import { loadScript } from '../support/load-script.ts';

type Module = {
  readonly parseNatsServerVersion: (text: string) => string | undefined;
  readonly isAtLeast: (version: string, min?: string) => boolean;
};

const { parseNatsServerVersion, isAtLeast } = await loadScript<Module>('bootstrap/nats-server-version.mjs');

describe('version of a nats-server', () => {
  const outputs: readonly (readonly [string, string | undefined])[] = [
    ['nats-server: v2.15.1\n', '2.15.1'],
    ['nats-server: v2.14.0-RC.1\n', '2.14.0-RC.1'],
    ['nats-server: 2.9.10', '2.9.10'],
    ['warning: something\nnats-server: v2.15.1', '2.15.1'],
    ['nats-streaming-server version 0.25.6', undefined],
    ['v2.15.1', undefined],
    ['', undefined],
  ];
  for (const [output, version] of outputs) {
    it(`reads ${version} from ${JSON.stringify(output)}`, () => {
      expect(parseNatsServerVersion(output)).to.equal(version);
    });
  }

  for (const version of ['2.14.0', '2.14.1', '2.15.0-RC.1', '2.15.1', '2.100.0', '3.0.0']) {
    it(`accepts ${version}`, () => expect(isAtLeast(version)).to.equal(true));
  }

  for (const version of ['2.13.9', '2.9.10', '2.9.99', '1.99.0', '2.14.0-RC.1']) {
    it(`refuses ${version}`, () => expect(isAtLeast(version)).to.equal(false));
  }
});
