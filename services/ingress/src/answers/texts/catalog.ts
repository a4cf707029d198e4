import type { Catalog } from '#libs/pages';
import { english } from './en/pages.ts';
import { italian } from './it/pages.ts';
import type { Texts } from './texts.ts';

export const TEXTS: Catalog<Texts> = { en: english, it: italian };
