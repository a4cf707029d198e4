export { CHUNK_END, ChunkedDecoder, type ChunkFault, chunkHead } from './chunked-decoder.ts';
export { fieldLines, lastChunk, statusLine } from './encode-head.ts';
export { type FieldFault, type FieldList, parseFieldLines, TOKEN } from './field-lines.ts';
export { fieldListText, fieldText, MAX_LIST_FIELD_CHARACTERS } from './field-text.ts';
export { type HeadProgress, HeadReader } from './head-reader.ts';
export { addHttp2Field, createHttp2Headers, type Http2Headers } from './http2-fields.ts';
export { NOT_FORWARDED } from './not-forwarded.ts';
export {
  parseRequestLine,
  parseStatusLine,
  type RequestLine,
  type RequestLineFault,
  type StatusLine,
} from './start-lines.ts';
