// long because all header fields between user and origin are seen through one rig
import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import type { ServerExchange } from '#libs/tunnel-protocol';
import { allow, COOKIE } from '../support/fake-auth.ts';
import { type AskOptions, ask } from '../support/http-client.ts';
import { appView, DOMAIN, type IngressRig, startIngressRig } from '../support/ingress-rig.ts';
import { fieldsOf, recordingOrigin } from '../support/origins.ts';

const SECURE = `secure.${DOMAIN}`;

describe('ingress: what an origin sees', () => {
  let rig: IngressRig;
  let seen: ServerExchange[];

  before(async () => {
    rig = await startIngressRig({
      apps: [
        appView('wiki', { internalUrl: 'http://wiki.internal:8080/base/' }),
        appView('secure', { preauthentication: 'oidc' }),
      ],
    });
  });
  after(() => rig.stop());
  beforeEach(() => {
    const origin = recordingOrigin();
    seen = origin.seen;
    rig.serve(origin.onRequest);
  });

  async function fieldsSeen(options: AskOptions): Promise<Record<string, string>> {
    const answer = await ask(rig, '/x', options);
    expect(answer.status).to.equal(200);
    return fieldsOf(seen.at(-1) as ServerExchange);
  }

  for (const name of [
    'X-Sallyport-User',
    'X-Sallyport-Assertion',
    'x-sallyport-anything',
    'X_Sallyport_User',
    'X-Sallyport_Groups',
    'X.Sallyport.User',
    'x!sallyport~user',
    'X.Forwarded.For',
    'X-Real-IP',
    'X-Forwarded-Prefix',
    'X_Forwarded_For',
    'X-Original-URL',
    'X-Rewrite-URL',
    'True-Client-IP',
    'Keep-Alive',
    'Proxy-Connection',
    'Proxy-Authorization',
    'Proxy',
    'TE',
    'HTTP2-Settings',
  ]) {
    it(`drops what the user sent as ${name}`, async () => {
      const fields = await fieldsSeen({ headers: { [name]: 'forged' } });
      expect(JSON.stringify(fields)).not.to.contain('forged');
    });
  }

  it('drops what Connection lists, and what it lists cannot take ours away', async () => {
    const fields = await fieldsSeen({
      headers: { connection: 'X-Private, X-Forwarded-For, close', 'x-private': 'forged', accept: 'text/plain' },
    });
    expect(fields).to.include({ accept: 'text/plain', 'x-forwarded-for': '127.0.0.1' });
    expect(fields).not.to.have.any.keys('x-private', 'connection');
  });

  it('writes its own forwarding fields over forged ones', async () => {
    const fields = await fieldsSeen({
      headers: {
        'x-forwarded-for': '6.6.6.6',
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'http',
        'x-forwarded-port': '1',
        forwarded: 'for=6.6.6.6',
        'x-request-id': 'mine',
      },
    });
    expect(fields).to.include({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': `wiki.${DOMAIN}`,
      'x-forwarded-proto': 'https',
      'x-forwarded-port': '443',
      forwarded: `for=127.0.0.1;host="wiki.${DOMAIN}";proto=https`,
    });
    expect(fields['x-request-id']).to.match(/^req_/);
  });

  it('names host and port of the external URL, whatever port the user writes', async () => {
    for (const host of [`WIKI.${DOMAIN}:${rig.port}`, `wiki.${DOMAIN}:99`, `wiki.${DOMAIN}:443`]) {
      const fields = await fieldsSeen({ host });
      expect(fields, host).to.include({
        host: `wiki.${DOMAIN}`,
        'x-forwarded-host': `wiki.${DOMAIN}`,
        'x-forwarded-port': '443',
        forwarded: `for=127.0.0.1;host="wiki.${DOMAIN}";proto=https`,
      });
    }
  });

  it('names the port of an external URL that has one, and the host the user came by', async () => {
    const changes = { externalUrl: `https://ported.${DOMAIN}:8443/`, alternateHosts: [`other.${DOMAIN}`] };
    await rig.putApp(appView('ported', changes));
    for (const name of ['ported', 'other']) {
      const fields = await fieldsSeen({ host: `${name}.${DOMAIN}:99` });
      expect(fields).to.include({
        'x-forwarded-host': `${name}.${DOMAIN}:8443`,
        'x-forwarded-port': '8443',
        forwarded: `for=127.0.0.1;host="${name}.${DOMAIN}:8443";proto=https`,
      });
    }
  });

  it('continues a trace or begins one', async () => {
    const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const continued = await fieldsSeen({ headers: { traceparent: parent, tracestate: 'a=1' } });
    expect(continued.traceparent).to.match(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$/);
    expect(continued.traceparent).not.to.equal(parent);
    expect(continued.tracestate).to.equal(`sallyport=${continued['x-request-id']},a=1`);
    const begun = await fieldsSeen({ headers: { traceparent: 'nonsense', tracestate: 'a=1' } });
    expect(begun.traceparent).to.match(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(begun.tracestate).to.equal(`sallyport=${begun['x-request-id']}`);
  });

  for (const [what, cookie, left] of [
    ['the access cookie', `a=1; ${COOKIE}; b=2`, 'a=1; b=2'],
    ['nothing but the access cookie', COOKIE, undefined],
    ['every cookie of ours', '__Host-sallyport-session=1; a=1; __host-SALLYPORT-bind-x=2', 'a=1'],
    ['a nameless cookie that reads as ours', `=${COOKIE}; a=1`, 'a=1'],
    ['a cookie of ours behind a comma', `b=1, ${COOKIE}; a=1`, 'a=1'],
    [
      'cookies that only look alike',
      'x__Host-sallyport-access=1; sallyport=2',
      'x__Host-sallyport-access=1; sallyport=2',
    ],
  ] as const) {
    for (const host of [`wiki.${DOMAIN}`, SECURE]) {
      it(`never hands on our cookies: ${what}, ${host}`, async () => {
        const withAccess = host === SECURE && !cookie.includes(`; ${COOKIE}`) ? `${COOKIE}; ${cookie}` : cookie;
        const answer = await ask(rig, '/x', { host, headers: { cookie: withAccess } });
        expect(answer.status).to.equal(200);
        expect(fieldsOf(seen.at(-1) as ServerExchange).cookie).to.equal(left);
      });
    }
  }

  it('gives the identity of the signed-in user, encoded where it is not ASCII', async () => {
    const fields = await fieldsSeen({ host: SECURE, headers: { cookie: COOKIE, 'x-sallyport-user': 'root' } });
    expect(fields).to.include({
      'x-sallyport-assertion': 'header.payload.signature',
      'x-sallyport-user': 'ada@example.com',
      'x-sallyport-user-id': 'oid-ada',
      'x-sallyport-name': "UTF-8''Ada%20Lovel%C3%A0ce",
      'x-sallyport-email': 'ada@example.com',
      'x-sallyport-groups': 'g-1,g-2',
      'x-sallyport-roles': 'reader',
    });
  });

  it('says that groups are unknown, and brings the app roles, of somebody in too many groups to list', async () => {
    const authorize = rig.auth.authorize;
    const reply = allow();
    if (reply.verdict !== 'allow') throw new Error(reply.verdict);
    const roles = ['Wiki.Reader', 'a,b'];
    const principal = { ...reply.identity.principal, groups: [], groupsOverage: true as const, roles };
    rig.auth.authorize = () => ({ ...reply, identity: { ...reply.identity, principal } });
    rig.ingress.services.tenants[0].decisions.dropAll();
    const fields = await fieldsSeen({
      host: SECURE,
      headers: { cookie: COOKIE, 'x-sallyport-truncated': 'none', 'x-sallyport-roles': 'Admin' },
    });
    rig.auth.authorize = authorize;
    rig.ingress.services.tenants[0].decisions.dropAll();
    expect(fields).to.include({
      'x-sallyport-groups': '',
      'x-sallyport-truncated': 'groups',
      'x-sallyport-roles': "Wiki.Reader,UTF-8''a%2Cb",
    });
  });

  it('gives no identity at all to a passthrough app', async () => {
    const fields = await fieldsSeen({ headers: { cookie: COOKIE } });
    expect(Object.keys(fields).filter((name) => name.startsWith('x-sallyport'))).to.deep.equal([]);
  });

  it('translates Origin, Referer and Destination to the internal URL', async () => {
    const own = `https://wiki.${DOMAIN}`;
    const fields = await fieldsSeen({
      headers: { origin: own, referer: `${own}/a?b`, destination: `${own}/c`, 'x-other': `${own}/` },
    });
    expect(fields).to.include({
      origin: 'http://wiki.internal:8080',
      referer: 'http://wiki.internal:8080/base/a?b',
      destination: 'http://wiki.internal:8080/base/c',
      'x-other': `${own}/`,
    });
    expect(await fieldsSeen({ headers: { origin: 'https://evil.example' } })).to.include({
      origin: 'https://evil.example',
    });
  });

  it('sends the length of a body it knows and nothing of the coding it came in', async () => {
    const known = await fieldsSeen({ method: 'POST', body: 'abc' });
    expect(known).to.include({ 'content-length': '3' });
    const chunked = await fieldsSeen({ method: 'POST', body: 'abc', headers: { 'transfer-encoding': 'chunked' } });
    expect(chunked).not.to.have.any.keys('content-length', 'transfer-encoding');
  });
});

describe('ingress: what a user sees of an origin', () => {
  let rig: IngressRig;
  before(async () => {
    rig = await startIngressRig({
      apps: [
        appView('wiki', { internalUrl: 'http://wiki.internal:8080/base/' }),
        appView('other', { internalUrl: 'http://other.internal/' }),
        appView('plain', { internalUrl: 'http://plain.internal/', translateHeaders: false }),
      ],
    });
  });
  after(() => rig.stop());

  const wiki = `https://wiki.${DOMAIN}`;
  for (const [name, value, shown] of [
    ['Location', 'http://wiki.internal:8080/base/login?x=1', `${wiki}/login?x=1`],
    ['Location', '/base/login', '/login'],
    ['Location', '/elsewhere', '/elsewhere'],
    ['Location', 'login', 'login'],
    ['Location', 'http://other.internal/a', `https://other.${DOMAIN}/a`],
    ['Location', `http://wiki.${DOMAIN}/a`, `${wiki}/a`],
    ['Location', 'https://example.com/', 'https://example.com/'],
    ['Content-Location', 'http://wiki.internal:8080/base/', `${wiki}/`],
    ['Refresh', '5; url=http://wiki.internal:8080/base/next', `5; url=${wiki}/next`],
    ['Refresh', '0;URL= "/base/next"', '0;URL= "/next"'],
    ['Refresh', `0;url="`, `0;url="`],
    ['Refresh', '5', '5'],
    [
      'Link',
      '</base/style.css>; rel=preload, <http://wiki.internal:8080/base/2>; rel=next',
      `</style.css>; rel=preload, <${wiki}/2>; rel=next`,
    ],
    ['Set-Cookie', 'sid=1; Path=/base/app; Domain=wiki.internal; HttpOnly', 'sid=1; Path=/app; HttpOnly'],
    ['Set-Cookie', 'sid=1; Path=/', 'sid=1; Path=/'],
    ['Set-Cookie', `sid=1; Domain=${DOMAIN}`, 'sid=1'],
    ['Set-Cookie', '__Host-sallyport-access=evil; Path=/; Secure', undefined],
    ['Set-Cookie', '=__Host-sallyport-access=evil; Path=/', undefined],
    ['Set-Cookie', '__HOST-Sallyport-session=evil', undefined],
    ['X-Sallyport-User', 'root', undefined],
    ['Alt-Svc', 'h3=":443"', undefined],
    ['Host', '10.0.0.7:8080', undefined],
    ['Keep-Alive', 'timeout=99', undefined],
  ] as const) {
    it(`shows ${name}: ${value} as ${shown ?? 'nothing'}`, async () => {
      rig.serve(recordingOrigin(200, [name, value]).onRequest);
      const answer = await ask(rig, '/');
      const index = answer.rawHeaders.findIndex((it, i) => i % 2 === 0 && it.toLowerCase() === name.toLowerCase());
      expect(index < 0 ? undefined : answer.rawHeaders[index + 1]).to.equal(shown);
    });
  }

  it('translates nothing for an app that does not want it, and still keeps our cookies safe', async () => {
    rig.serve(
      recordingOrigin(302, [
        'Location',
        'http://plain.internal/x',
        'Set-Cookie',
        'a=1; Domain=plain.internal',
        'Set-Cookie',
        '__Host-sallyport-access=evil',
      ]).onRequest,
    );
    const answer = await ask(rig, '/', { host: `plain.${DOMAIN}` });
    expect(answer.headers.location).to.equal('http://plain.internal/x');
    expect(answer.headers['set-cookie']).to.deep.equal(['a=1; Domain=plain.internal']);
  });

  it('is not kept busy by a field an origin made for that', async () => {
    const value = `0;url=${' '.repeat(10_000)}'"x`;
    rig.serve(recordingOrigin(200, ['Refresh', value]).onRequest);
    expect((await ask(rig, '/')).headers.refresh).to.equal(value);
  }).timeout(2_000);

  it('answers 502 for a head that breaks the rules of HTTP', async () => {
    for (const fields of [
      ['Content-Length', '1', 'Content-Length', '2'],
      ['Content-Length', '+1'],
      ['Bad Name', 'x'],
    ]) {
      rig.serve(recordingOrigin(200, fields).onRequest);
      expect((await ask(rig, '/')).status).to.equal(502);
    }
  });
});

describe('ingress: behind a load balancer', () => {
  it('believes X-Forwarded-For of trusted proxies only as far as they reach', async () => {
    const rig = await startIngressRig({
      apps: [appView('wiki')],
      config: { trustedProxies: ['127.0.0.0/8', '10.0.0.0/8'] },
    });
    try {
      const origin = recordingOrigin();
      rig.serve(origin.onRequest);
      const answer = await ask(rig, '/', { headers: { 'x-forwarded-for': '6.6.6.6, 203.0.113.7, 10.0.0.2' } });
      expect(fieldsOf(origin.seen[0] as ServerExchange)).to.include({
        'x-forwarded-for': '6.6.6.6, 203.0.113.7, 10.0.0.2, 127.0.0.1',
      });
      expect(await rig.recordOf(answer.requestId)).to.include({ address: '203.0.113.7' });
    } finally {
      await rig.stop();
    }
  });
});
