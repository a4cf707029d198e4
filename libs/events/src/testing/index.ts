export { type CommitOptions, commitOf, metadataOf } from './commits.ts';
export { type DeciderCase, deciderSpec } from './decider-spec.ts';
export { type ProjectionCase, projectionSpec } from './projection-spec.ts';
