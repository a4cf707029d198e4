export { Roster } from './roster.ts';
