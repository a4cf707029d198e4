import { DEFAULT_LANGUAGE, type Language } from '#libs/pages';
import type { Exchange } from '../pipeline/exchange.ts';
import type { Problem } from './problems.ts';
import { TEXTS } from './texts/catalog.ts';
import type { DenialTexts } from './texts/texts.ts';

/** What somebody else found out about a problem. */
export type Finding = {
  readonly reason?: string;
  /** One sentence in English. */
  readonly detail?: string;
  readonly username?: string;
};

export type ProblemWords = {
  readonly title: string;
  readonly detail: string;
  /** Of the detail: not everything another service says is translated. */
  readonly detailLanguage: Language;
  readonly advice: string | undefined;
};

/** The words for one occurrence of a problem. */
export function problemWords(exchange: Exchange, problem: Problem, finding: Finding, language: Language): ProblemWords {
  const { title, detail, advice } = TEXTS[language].problems[problem.reason];
  if (finding.detail === undefined) return { title, detail, detailLanguage: language, advice };
  const translated = translate(exchange, finding, TEXTS[language].reasons);
  return translated === undefined
    ? { title, detail: finding.detail, detailLanguage: DEFAULT_LANGUAGE, advice }
    : { title, detail: translated, detailLanguage: language, advice };
}

function translate(exchange: Exchange, finding: Finding, texts: DenialTexts | 'as-auth-says'): string | undefined {
  const { reason = '', username = '' } = finding;
  if (texts === 'as-auth-says' || !isKnown(texts, reason)) return undefined;
  return texts[reason]({ username, app: exchange.app?.view.name ?? exchange.hostname });
}

function isKnown(texts: DenialTexts, reason: string): reason is keyof DenialTexts {
  return Object.hasOwn(texts, reason);
}

/** "a, b or c" of those who can mend it. */
export function mendersText(problem: Problem, language: Language): string {
  const names = problem.menders.map((mender) => TEXTS[language].menders[mender]);
  return new Intl.ListFormat(language, { type: 'disjunction' }).format(names);
}
