export { demoDirectory } from './demo-directory.ts';
