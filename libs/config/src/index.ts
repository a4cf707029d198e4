export { parseConfig, readJsonFile } from './read-config.ts';
export { Secret } from './secret.ts';
