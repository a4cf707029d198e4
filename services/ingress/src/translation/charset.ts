/** What a character encoding means for reading markup byte by byte. */
export type Charset = {
  /** Bytes below 0x80 that are markup are ASCII. False: the text must pass untouched. */
  readonly isReadable: boolean;
  /** Which bytes begin a character whose second byte may look like ASCII. Undefined: none. */
  readonly isLeadByte: ((code: number) => boolean) | undefined;
};

const PLAIN: Charset = { isReadable: true, isLeadByte: undefined };
const SHIFT_JIS: Charset = {
  isReadable: true,
  isLeadByte: (code) => (code >= 0x81 && code <= 0x9f) || (code >= 0xe0 && code <= 0xfc),
};
const DOUBLE_BYTE: Charset = { isReadable: true, isLeadByte: (code) => code >= 0x81 && code <= 0xfe };
const UNREADABLE: Charset = { isReadable: false, isLeadByte: undefined };

const SHIFT_JIS_LABELS = /^(?:csshiftjis|ms932|ms_kanji|shift[-_]jis|sjis|windows-31j|x-sjis)$/;
const DOUBLE_BYTE_LABELS =
  /^(?:gb.*|chinese|csgb2312|csiso58gb231280|iso-ir-58|x-gbk|big5.*|cn-big5|csbig5|x-x-big5|ks_c.*|ksc.*|korean|iso-ir-149|windows-949)$/;
/**
 * UTF-16 and UTF-32 write ASCII in more than one byte; the ISO 2022 family, HZ and UTF-7 write other characters with the
 * bytes of ASCII. UTF-16 is left alone on purpose: browsers advise against it, it is hardly used, and it would need a
 * second way of reading everything.
 */
const UNREADABLE_LABELS =
  /^(?:utf-?16.*|unicode.*|ucs-?2|iso-10646-ucs-2|csunicode|utf-?32.*|utf-?7|iso-2022.*|csiso2022.*|hz-gb-2312|ibm037|cp037)$/;

/** By the label of a charset parameter, a meta element or `@charset`. Unknown ones are ASCII above all, as browsers guess. */
export function charsetOf(label: string): Charset {
  const name = label.trim().toLowerCase();
  if (UNREADABLE_LABELS.test(name)) return UNREADABLE;
  if (SHIFT_JIS_LABELS.test(name)) return SHIFT_JIS;
  return DOUBLE_BYTE_LABELS.test(name) ? DOUBLE_BYTE : PLAIN;
}

/**
 * A label that stands in the text itself. Text that could be read so far is not UTF-16, whatever it says: such a label
 * means UTF-8 (HTML, 13.2.3.3).
 */
export function charsetInText(label: string): Charset {
  return /^\s*(?:utf-?16|unicode|ucs-?2|iso-10646-ucs-2|csunicode)/i.test(label) ? PLAIN : charsetOf(label);
}

/** The charset parameter of a Content-Type, or of a meta element that stands for one. */
export function charsetParameter(contentType: string): string | undefined {
  const match = /(?:^|[;\s])charset\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s;"']+))/i.exec(contentType);
  const label = match?.[1] ?? match?.[2] ?? match?.[3];
  return label === undefined || label === '' ? undefined : label;
}

/** Whether text begins with the byte order mark of UTF-16 or UTF-32, which outweighs every label. */
export function isWideText(first: number, second: number): boolean {
  return (first === 0xfe && second === 0xff) || (first === 0xff && second === 0xfe);
}
