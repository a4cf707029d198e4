import type { Exchange } from './exchange.ts';

export const NEXT = 'next';
export const DONE = 'done';

export type StepOutcome = typeof NEXT | typeof DONE;
export type StepResult = StepOutcome | Promise<StepOutcome>;

/** One step of the pipeline. `done`: the request is answered or on its way, no later step runs. */
export type Step = (exchange: Exchange) => StepResult;
