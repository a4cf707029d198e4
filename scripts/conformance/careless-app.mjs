import { once } from 'node:events';
import { createServer } from 'node:http';

const INDEX = `<!doctype html><title>Careless</title>
<a href="/search?q=lamp">search</a> <a href="/go?to=/about">go</a> <a href="/about">about</a> <a href="/broken?id=1">broken</a>
<form action="/note" method="post"><input name="text" value="x"><input type="submit"></form>`;

/** @type {Readonly<Record<string, (query: URLSearchParams) => { status: number, fields?: Record<string, string>, html: string }>>} */
const PAGES = {
  '/': () => ({ status: 200, fields: { 'set-cookie': 'basket=1; Path=/' }, html: INDEX }),
  '/about': () => ({ status: 200, html: '<title>About</title><a href="/">home</a>' }),
  '/search': (query) => ({ status: 200, html: `<title>Search</title><p>Nothing for ${query.get('q')}</p>` }),
  '/go': (query) => ({ status: 302, fields: { location: encodeURI(query.get('to') ?? '/') }, html: '' }),
  '/broken': (query) =>
    query.get('id') === '1' ? { status: 200, html: '<p>one</p>' } : { status: 500, html: '<p>SQLSTATE[42000]</p>' },
};

/**
 * An app with the mistakes that a scanner is made for: it shows that the scanner finds something, and what it finds through
 * the tunnel must be the same.
 * @returns {Promise<{ url: string, stop: () => void }>} on 127.0.0.1
 */
export async function startCarelessApp() {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://careless');
    request.resume();
    const page = PAGES[pathname]?.(searchParams) ?? { status: 404, html: '<title>Not here</title>' };
    response.writeHead(page.status, { ...page.fields, 'content-type': 'text/html; charset=utf-8' });
    response.end(page.html);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/`,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
