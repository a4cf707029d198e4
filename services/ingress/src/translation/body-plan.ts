import type { AppView } from '#libs/contracts';
import type { FieldList } from '#libs/tunnel-protocol';
import { type Charset, charsetOf, charsetParameter } from './charset.ts';
import { type ContentCoding, contentCodingOf } from './content-coding.ts';

/** How the body of an answer will be translated. */
export type BodyPlan = {
  readonly type: 'html' | 'css';
  readonly charset: Charset;
  /** False when only the text itself can name its charset. */
  readonly isCharsetKnown: boolean;
  readonly coding: ContentCoding;
};

/** What the origin said of bytes that will not be the same any more, or offers that cannot be kept. */
const STALE_FIELDS: ReadonlySet<string> = new Set([
  'accept-ranges',
  'content-md5',
  'digest',
  'content-digest',
  'repr-digest',
]);

const MEDIA_TYPE = /^\s*text\/(html|css)\s*(?:;|$)/i;
const NO_TRANSFORM = /(?:^|[\s,])no-transform(?:[\s,]|$)/i;

/**
 * Undefined when the body passes as it is: the app does not want it; the answer has no body or only a part of one; it is
 * neither HTML nor CSS; its coding or charset cannot be read here; or the origin forbids it (`no-transform`).
 */
export function planBody(view: AppView, status: number, fields: FieldList): BodyPlan | undefined {
  if (!view.translateBodyLinks || status < 200 || status === 204 || status === 206 || status === 304) return undefined;
  let contentType: string | undefined;
  let coding: ContentCoding | undefined = 'identity';
  let codings = 0;
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const value = fields[i + 1] ?? '';
    switch (fields[i]?.toLowerCase()) {
      case 'content-type':
        if (contentType !== undefined && contentType !== value) return undefined;
        contentType = value;
        break;
      case 'content-encoding':
        codings += 1;
        coding = codings > 1 ? undefined : contentCodingOf(value);
        break;
      case 'content-range':
        return undefined;
      case 'cache-control':
        if (NO_TRANSFORM.test(value)) return undefined;
        break;
    }
  }
  const type = MEDIA_TYPE.exec(contentType ?? '')?.[1]?.toLowerCase();
  if ((type !== 'html' && type !== 'css') || coding === undefined) return undefined;
  const label = charsetParameter(contentType ?? '');
  const charset = charsetOf(label ?? '');
  return charset.isReadable ? { type, charset, isCharsetKnown: label !== undefined, coding } : undefined;
}

/** Whether a field of the head, or a trailer, with this lower-case name must not go with a translated body. */
export function isStaleAfterTranslation(lower: string): boolean {
  return STALE_FIELDS.has(lower);
}

/** The bytes differ while the meaning is the same: that is what a weak entity tag says (RFC 9110, 8.8.1). */
export function weakEntityTag(value: string): string {
  return value.startsWith('"') ? `W/${value}` : value;
}
