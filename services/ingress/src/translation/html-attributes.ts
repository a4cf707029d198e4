/** What the value of an attribute is. */
export type LinkKind =
  /** One URL. */
  | 'url'
  /** URLs separated by white space. */
  | 'urls'
  /** Image candidates: URL, descriptor, comma. */
  | 'srcset'
  /** CSS declarations. */
  | 'style'
  /** Any text; a link only when it is an absolute URL. */
  | 'text'
  /** Content of a meta element: depends on what it stands for. */
  | 'meta';

type Rule = { readonly kind: LinkKind; readonly elements?: ReadonlySet<string> };

const on = (...names: string[]): ReadonlySet<string> => new Set(names);

/**
 * Attributes that hold links: those of the contract (Entra application proxy, link translation), those that HTML and SVG
 * have besides, and the usual names of lazy loading. Where the name says it all the element does not matter, so that
 * custom elements work too.
 */
const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['href', { kind: 'url' }],
  ['src', { kind: 'url' }],
  ['action', { kind: 'url' }],
  ['formaction', { kind: 'url' }],
  ['poster', { kind: 'url' }],
  ['cite', { kind: 'url' }],
  ['longdesc', { kind: 'url' }],
  ['background', { kind: 'url' }],
  ['codebase', { kind: 'url' }],
  ['xlink:href', { kind: 'url' }],
  ['data-src', { kind: 'url' }],
  ['data-background', { kind: 'url' }],
  ['data', { kind: 'url', elements: on('object') }],
  ['icon', { kind: 'url', elements: on('menuitem', 'command') }],
  ['manifest', { kind: 'url', elements: on('html') }],
  ['profile', { kind: 'urls', elements: on('head') }],
  ['archive', { kind: 'urls', elements: on('object', 'applet') }],
  ['ping', { kind: 'urls', elements: on('a', 'area') }],
  ['srcset', { kind: 'srcset' }],
  ['imagesrcset', { kind: 'srcset' }],
  ['data-srcset', { kind: 'srcset' }],
  ['style', { kind: 'style' }],
  ['value', { kind: 'text', elements: on('input') }],
  ['content', { kind: 'meta', elements: on('meta') }],
]);

/** Lengths and first letters of the names above: most attributes are told apart by these without being copied. */
const SHAPES = shapesOf(RULES.keys());
const MAX_LENGTH = 16;

/** False for most names that hold no links. */
export function mayHoldLinks(firstCode: number, length: number): boolean {
  const letter = (firstCode | 0x20) - 0x61;
  return length < MAX_LENGTH && letter >= 0 && letter < 26 && SHAPES[letter * MAX_LENGTH + length] === 1;
}

/** The kind of an attribute, both names in lower case. */
export function linkKindOf(element: string, attribute: string): LinkKind | undefined {
  const rule = RULES.get(attribute);
  return rule && (!rule.elements || rule.elements.has(element)) ? rule.kind : undefined;
}

function shapesOf(names: Iterable<string>): Uint8Array {
  const shapes = new Uint8Array(26 * 16);
  for (const name of names) shapes[(name.charCodeAt(0) - 0x61) * 16 + name.length] = 1;
  return shapes;
}
