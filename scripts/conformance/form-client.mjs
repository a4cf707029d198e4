import { ask } from './ask.mjs';

/**
 * @param {string} html
 * @param {RegExp} marker of the form's own tag
 * @returns {Record<string, string>} its hidden fields, by name; of values only &amp; is decoded
 */
export function hiddenFieldsOf(html, marker) {
  const form = html.split('<form').find((part) => marker.test(part.slice(0, part.indexOf('>'))));
  if (form === undefined) throw new Error(`the page has no form with ${marker}`);
  const hidden = (form.match(/<input[^>]*>/g) ?? []).filter((tag) => tag.includes('type="hidden"'));
  return Object.fromEntries(
    hidden.map((tag) => [
      /name="([^"]*)"/.exec(tag)?.[1] ?? '',
      (/value="([^"]*)"/.exec(tag)?.[1] ?? '').replaceAll('&amp;', '&'),
    ]),
  );
}

/** A browser as far as forms go: keeps cookies, follows nothing. */
export class FormClient {
  /** @type {Map<string, string>} */
  #cookies = new Map();
  #front;

  /** @param {import('./world.mjs').Front} front */
  constructor(front) {
    this.#front = front;
  }

  /** @param {string} path */
  get(path) {
    return this.#ask({ path });
  }

  /**
   * @param {string} path
   * @param {Record<string, string>} fields
   */
  post(path, fields) {
    const body = Buffer.from(new URLSearchParams(fields).toString());
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': body.length };
    return this.#ask({ path, method: 'POST', headers, body: [body] });
  }

  /** @param {import('./ask.mjs').Question} question */
  async #ask(question) {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await ask(this.#front, { ...question, headers: { ...question.headers, cookie } });
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      this.#cookies.set(name, value);
    }
    return answer;
  }
}
