import { respondText } from '../answers/respond.ts';
import type { Exchange } from './exchange.ts';
import { DONE, NEXT, type StepResult } from './step.ts';

const ROBOTS = 'User-agent: *\nDisallow: /\n';
const FIELDS = ['Cache-Control', 'public, max-age=3600', 'X-Content-Type-Options', 'nosniff'];

/** No published app is for crawlers, whatever its origin says. */
export function answerRobots(exchange: Exchange): StepResult {
  if (exchange.target.path !== '/robots.txt' || !exchange.isGetOrHead) return NEXT;
  respondText(exchange, 'text/plain; charset=utf-8', ROBOTS, FIELDS);
  return DONE;
}
