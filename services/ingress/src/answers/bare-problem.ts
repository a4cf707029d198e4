import { ANSWER_FIELDS, DEFAULT_LANGUAGE } from '#libs/pages';
import { malformedProblem } from './problem-reasons.ts';
import { problemOf } from './problems.ts';
import { TEXTS } from './texts/catalog.ts';

export type BareAnswer = {
  readonly status: number;
  /** Names and values by turns; with the length of the body. */
  readonly fields: readonly string[];
  readonly body: Buffer;
};

const OUR_METHODS = ['Allow', 'GET, HEAD'];

/**
 * The answer to bytes that are no request. Nothing of them is trusted, neither host nor wishes: it is a problem document in
 * English, without an address and without a request id, for no access record will tell of it.
 */
export function bareProblem(fault: string): BareAnswer {
  const { code, status, reason, menders } = problemOf(malformedProblem(fault));
  const { title, detail } = TEXTS[DEFAULT_LANGUAGE].problems[reason];
  const type = `urn:sallyport:problem:${code}`;
  const body = Buffer.from(`${JSON.stringify({ type, title, status, detail, code, reason: fault, menders })}\n`);
  const fields = [
    'Content-Type',
    'application/problem+json',
    'Content-Length',
    String(body.length),
    'Content-Language',
    DEFAULT_LANGUAGE,
    ...ANSWER_FIELDS,
    ...(status === 405 ? OUR_METHODS : []),
  ];
  return { status, fields, body };
}
