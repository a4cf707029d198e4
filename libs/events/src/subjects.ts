/** Where a commit lies: the four tokens behind the plane. */
export type FactAddress = {
  readonly tenant: string;
  readonly context: string;
  readonly thing: string;
  readonly id: string;
};

/** Every fact's subject (broker/SUBJECTS.md). */
export const FACT_SUBJECTS = 'evt.*.*.*.*';

/** A subject or, with `*` for a token, a subject filter. Takes checked tokens. */
export function factSubject(address: FactAddress): string {
  return `evt.${address.tenant}.${address.context}.${address.thing}.${address.id}`;
}

/** Undefined for a subject that is none of a fact. */
export function parseFactSubject(subject: string): FactAddress | undefined {
  const [plane, tenant, context, thing, id, ...more] = subject.split('.');
  if (plane !== 'evt' || !tenant || !context || !thing || !id || more.length > 0) return undefined;
  return { tenant, context, thing, id };
}
