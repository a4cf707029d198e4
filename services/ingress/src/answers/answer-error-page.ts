import type { Exchange } from '../pipeline/exchange.ts';
import { errorListPage, errorPage } from './error-page.ts';
import { ERRORS_PATH } from './problem-address.ts';
import { findProblem } from './problems.ts';
import { languageOf } from './request-preferences.ts';
import { respondPage } from './respond.ts';

/**
 * Shows what a number means, at `/.sallyport/errors/SP-1302`, and all of them at `/.sallyport/errors/`. Open to everybody:
 * the pages hold nothing about this installation. False when the path is none of these.
 */
export function answerErrorPage(exchange: Exchange): boolean {
  const { path } = exchange.target;
  if (!path.startsWith(ERRORS_PATH)) return false;
  const code = path.slice(ERRORS_PATH.length);
  const problem = findProblem(code);
  if (code !== '' && problem === undefined) return false;
  const language = languageOf(exchange);
  respondPage(exchange, 200, problem === undefined ? errorListPage(language) : errorPage(problem, language));
  return true;
}
