import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { expect } from 'chai';
import express from 'express';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { request } from 'undici';
import { createLogger } from '#libs/telemetry';
import { createFollowers, type Followers } from '../../../services/console/src/api/followers.ts';

const CHECK_MS = 10;
const logger = createLogger({ service: 'console', write: () => undefined });

describe('a stream that is followed', () => {
  let server: Server;
  let followers: Followers;
  let answers: (boolean | Promise<boolean>)[];
  let asked: number;
  let address: string;
  beforeEach(async () => {
    [answers, asked] = [[], 0];
    followers = createFollowers({ logger, checkMs: CHECK_MS });
    const app = express();
    app.get('/', async (_req, res) => {
      const gone = new AbortController();
      res.once('close', () => gone.abort());
      const isAllowedStill = async () => {
        asked += 1;
        return answers.shift() ?? true;
      };
      await followers.send(res, linesUntil(gone.signal), { gone, expiresAt: undefined, isAllowedStill });
    });
    server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const bound = server.address();
    address = `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}/`;
  });
  afterEach(async () => {
    followers.stop();
    server.close();
    await once(server, 'close');
  });

  it('ends when its caller may no longer, and asks nothing more', async () => {
    answers = [true, true, false];
    const answer = await request(address, { reset: true });
    expect(await answer.body.text()).to.match(/^"line"\n/);
    expect(asked).to.equal(3);
  });

  it('asks one question at a time', async () => {
    let say: (isAllowed: boolean) => void = () => undefined;
    answers = [
      new Promise((resolve) => {
        say = resolve;
      }),
    ];
    const answer = await request(address, { reset: true });
    let lines = 0;
    for await (const _chunk of answer.body) {
      lines += 1;
      if (lines === 10) say(false);
    }
    expect(lines).to.be.at.least(10);
    expect(asked).to.equal(1);
  });
});

/** A line each few milliseconds. */
async function* linesUntil(signal: AbortSignal): AsyncGenerator<unknown> {
  while (!signal.aborted) {
    yield 'line';
    await new Promise((resolve) => setTimeout(resolve, CHECK_MS / 2));
  }
}
