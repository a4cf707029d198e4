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

/** What is the same in all answers to one fault. */
type Form = { readonly status: number; readonly fields: readonly string[]; readonly beforeId: string };

const OUR_METHODS = ['Allow', 'GET, HEAD'];
/** One for each fault that parsers know; what users send makes no others. */
const forms = new Map<string, Form>();

/**
 * The answer to bytes that are no request. Nothing of them is trusted, neither host nor wishes: it is a problem document in
 * English, without an address. No access record tells of it; the log may, by the request id.
 */
export function bareProblem(fault: string, requestId: string): BareAnswer {
  const form = forms.get(fault) ?? formOf(fault);
  forms.set(fault, form);
  const body = Buffer.from(`${form.beforeId}${JSON.stringify(requestId)}}\n`);
  const fields = [...form.fields, 'X-Request-Id', requestId, 'Content-Length', String(body.length)];
  return { status: form.status, fields, body };
}

function formOf(fault: string): Form {
  const { code, status, reason, menders } = problemOf(malformedProblem(fault));
  const { title, detail } = TEXTS[DEFAULT_LANGUAGE].problems[reason];
  const type = `urn:sallyport:problem:${code}`;
  const document = JSON.stringify({ type, title, status, detail, code, reason: fault, menders });
  const fields = [
    'Content-Type',
    'application/problem+json',
    'Content-Language',
    DEFAULT_LANGUAGE,
    ...ANSWER_FIELDS,
    ...(status === 405 ? OUR_METHODS : []),
  ];
  return { status, fields, beforeId: `${document.slice(0, -1)},"requestId":` };
}
