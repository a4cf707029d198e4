import { tsImport } from 'tsx/esm/api';

/**
 * @typedef {object} MalformedRequest see spec/conformance/support/malformed-request.ts
 * @property {string} what
 * @property {(host: string) => string} bytes
 * @property {readonly number[]} statuses
 * @property {string} source
 * @property {boolean} [isBody]
 */

/**
 * @typedef {object} LegalRequest
 * @property {string} what
 * @property {(host: string) => string} bytes
 */

/** @returns {Promise<readonly MalformedRequest[]>} the tables which the specs use too */
export async function loadMalformedRequests() {
  const [lines, fields, framing] = await Promise.all([load('request-lines'), load('field-lines'), load('framing')]);
  return [
    ...lines.MALFORMED_REQUEST_LINES,
    ...fields.MALFORMED_FIELD_LINES,
    ...framing.MALFORMED_FRAMING,
    ...framing.MALFORMED_CHUNKS,
  ];
}

/** @returns {Promise<readonly LegalRequest[]>} */
export async function loadLegalRequests() {
  return (await load('legal-requests')).LEGAL_REQUESTS;
}

/** @param {string} name */
function load(name) {
  return tsImport(`../../spec/conformance/support/${name}.ts`, import.meta.url);
}
