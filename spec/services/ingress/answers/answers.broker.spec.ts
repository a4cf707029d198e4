// long because one ingress, started once, gives all of the answers
import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import { LANGUAGES } from '#libs/pages';
import { PROBLEM_REASONS, problemOf } from '../../../../services/ingress/src/answers/problems.ts';
import { until } from '../../../support/until.ts';
import { allow, COOKIE } from '../support/fake-auth.ts';
import { ask, NAVIGATION, sendRaw } from '../support/http-client.ts';
import { appView, DOMAIN, GROUP, type IngressRig, startIngressRig } from '../support/ingress-rig.ts';
import { fieldsOf } from '../support/origins.ts';

const PORTAL = `portal.${DOMAIN}`;
const SECURE = `secure.${DOMAIN}`;
const LONELY = `lonely.${DOMAIN}`;
const ITALIAN = { ...NAVIGATION, 'accept-language': 'it-IT,it;q=0.9,en;q=0.5' };
const NOTHING = { onCancel: () => undefined };

describe('ingress: its own answers', () => {
  let rig: IngressRig;
  before(async () => {
    const connectorGroupId = GROUP.replace('test', 'empty') as typeof GROUP;
    rig = await startIngressRig({
      apps: [
        appView('wiki', { name: `Wiki <b>"&'` }),
        appView('secure', { name: 'Secure', preauthentication: 'oidc' }),
        appView('lonely', { connectorGroupId }),
      ],
    });
  });
  after(() => rig.stop());
  beforeEach(() => {
    rig.auth.authorize = () => allow();
    rig.ingress.services.tenants[0].decisions.dropAll();
  });

  const failWith = (reason: 'origin-refused' | 'internal' | 'too-large' | 'gap' | 'stopped') =>
    rig.serve((exchange) => {
      exchange.fail(reason, 'origin-not-contacted', 'inside detail');
      return NOTHING;
    });

  it('show one request id on the page, in the answer, at the origin, in its trace, in the log and in the record', async () => {
    const seen: Record<string, string>[] = [];
    rig.serve((exchange) => {
      seen.push({ ...fieldsOf(exchange), metadata: exchange.metadata.join(' ') });
      exchange.fail('origin-refused', 'origin-contacted', 'inside detail');
      return NOTHING;
    });
    const trace = '0af7651916cd43dd8448eb211c80319c';
    const headers = { ...NAVIGATION, traceparent: `00-${trace}-b7ad6b7169203331-01`, tracestate: 'other=1' };
    const page = await ask(rig, '/', { headers });
    const { requestId = '' } = page;
    expect(requestId).to.match(/^req_[a-z2-7]{24}$/);
    expect(/class="copy"[^>]*>SP-1402 (req_[a-z2-7]+)</.exec(page.text)?.[1]).to.equal(requestId);
    expect(seen).to.have.length(1);
    expect(seen[0]).to.include({ 'x-request-id': requestId, tracestate: `sallyport=${requestId},other=1` });
    expect(seen[0]?.metadata, 'what the connector logs').to.contain(`request-id ${requestId}`);
    expect(seen[0]?.traceparent).to.match(new RegExp(`^00-${trace}-[0-9a-f]{16}-01$`));
    const logged = rig.log.filter((line) => line.requestId === requestId);
    expect(logged.map((line) => line.reason)).to.deep.equal(['origin-refused']);
    expect(await rig.recordOf(requestId)).to.include({ requestId, reason: 'origin-refused', status: 502 });

    const document = await ask(rig, '/', { headers: { traceparent: headers.traceparent } });
    expect(JSON.parse(document.text)).to.include({ requestId: document.requestId });
    expect(seen[1]).to.include({ 'x-request-id': document.requestId });
  });

  it('speak the language that was asked for, and say so', async () => {
    for (const [headers, language, title, mender] of [
      [NAVIGATION, 'en', 'No connector is online', 'your administrator'],
      [ITALIAN, 'it', 'Nessun connettore è in linea', 'il tuo amministratore'],
      [{ ...NAVIGATION, 'accept-language': 'it;q=0, *' }, 'en', 'No connector is online', 'your administrator'],
    ] as const) {
      const answer = await ask(rig, '/', { host: LONELY, headers });
      expect(answer.status).to.equal(503);
      expect(answer.headers['content-language']).to.equal(language);
      expect(answer.headers.vary).to.contain('Accept-Language');
      expect(answer.text).to.contain(`<html lang="${language}">`).and.to.contain(`<h1>${title}</h1>`);
      expect(answer.text).to.contain(`<dd>${mender}</dd>`).and.to.contain('SP-1302');
    }
  });

  it('tell programs the same in a document, with an address that explains it', async () => {
    const answer = await ask(rig, '/', { host: LONELY, headers: { 'accept-language': 'it' } });
    expect(answer.headers).to.include({
      'content-type': 'application/problem+json',
      'content-language': 'it',
      'retry-after': '5',
    });
    const document = JSON.parse(answer.text) as Record<string, unknown>;
    expect(document).to.deep.equal({
      type: `https://${PORTAL}:${rig.port}/.sallyport/errors/SP-1302`,
      title: 'Nessun connettore è in linea',
      status: 503,
      detail: 'Al momento nessuno dei connettori che servono questa app è collegato.',
      code: 'SP-1302',
      reason: 'no-connector',
      menders: ['administrator'],
      requestId: answer.requestId,
    });
    const explained = await ask(rig, new URL(String(document.type)).pathname, { host: PORTAL, headers: NAVIGATION });
    expect(explained.status).to.equal(200);
    const words = explained.text.replace(/<[^>]*>/g, '');
    expect(words).to.contain('No connector is online').and.to.contain('sallyport connectors list');
  });

  it('tell nothing about us to who asks for a host that is not ours', async () => {
    const { text } = await ask(rig, '/', { host: 'unknown.example' });
    expect(JSON.parse(text)).to.include({ type: 'urn:sallyport:problem:SP-1002', code: 'SP-1002' });
    expect(text).not.to.contain(DOMAIN);
    expect((await ask(rig, '/.sallyport/errors/SP-1302', { host: 'unknown.example' })).status).to.equal(404);
  });

  it('explain every number in every language, on every host of ours', async () => {
    for (const [i, reason] of PROBLEM_REASONS.entries()) {
      const { code } = problemOf(reason);
      const host = [PORTAL, SECURE, `login.${DOMAIN}`][i % 3] ?? PORTAL;
      for (const language of LANGUAGES) {
        const headers = { ...NAVIGATION, 'accept-language': language };
        const answer = await ask(rig, `/.sallyport/errors/${code}`, { host, headers });
        expect([answer.status, answer.headers['content-language']], code).to.deep.equal([200, language]);
        expect(answer.text).to.contain(`<p class="mark">${code}</p>`).and.not.to.contain('`');
      }
    }
  });

  it('list the numbers, and know no other', async () => {
    const list = await ask(rig, '/.sallyport/errors/', { host: PORTAL, headers: ITALIAN });
    for (const reason of PROBLEM_REASONS) expect(list.text).to.contain(`/.sallyport/errors/${problemOf(reason).code}"`);
    expect((await ask(rig, '/.sallyport/errors/SP-1999', { host: PORTAL })).status).to.equal(404);
    expect((await ask(rig, '/.sallyport/errors/SP-1302', { host: PORTAL, method: 'POST' })).status).to.equal(405);
  });

  for (const [what, headers] of [
    ['fetch', { 'sec-fetch-mode': 'cors', accept: 'text/html' }],
    ['XMLHttpRequest', { 'x-requested-with': 'XMLHttpRequest', accept: 'text/html' }],
    ['an API client', { accept: 'application/json' }],
    ['one that likes JSON better', { accept: 'application/json, text/html;q=0.9' }],
    ['one that refuses HTML', { accept: 'text/html;q=0, */*' }],
    ['a navigation that refuses HTML', { 'sec-fetch-mode': 'navigate', accept: 'text/html;q=0, */*' }],
  ] as const) {
    it(`are a document for ${what}`, async () => {
      const answer = await ask(rig, '/', { host: LONELY, headers });
      expect(answer.headers['content-type']).to.equal('application/problem+json');
      expect(JSON.parse(answer.text)).to.include({ code: 'SP-1302' });
    });
  }

  for (const [what, headers] of [
    ['a navigation', { 'sec-fetch-mode': 'navigate', accept: '*/*' }],
    ['a browser without Sec-Fetch fields', { accept: 'text/html,*/*;q=0.8' }],
    ['several Accept fields', { accept: ['image/png', 'text/html'] }],
  ] as const) {
    it(`are a page for ${what}`, async () => {
      const answer = await ask(rig, '/', { host: LONELY, headers: { ...headers, accept: headers.accept as string } });
      expect(answer.headers['content-type']).to.equal('text/html; charset=utf-8');
    });
  }

  it('refuse a WebSocket handshake with a document', async () => {
    const text = await sendRaw(
      rig,
      `GET / HTTP/1.1\r\nHost: ${SECURE}\r\nAccept: text/html\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    );
    expect(text)
      .to.match(/^HTTP\/1\.1 401/)
      .and.to.contain('Content-Type: application/problem+json');
    expect(text).to.contain('"code":"SP-1201"').and.to.contain('"signInUrl"');
  });

  it('refuse gRPC in its own terms', async () => {
    const call = {
      method: 'POST',
      body: Buffer.alloc(5),
      headers: { 'content-type': 'application/grpc+proto', te: 'trailers' },
    };
    const lonely = await ask(rig, '/shop.Orders/List', { ...call, host: LONELY });
    expect(lonely.status).to.equal(200);
    expect(lonely.headers).to.include({ 'content-type': 'application/grpc+proto', 'grpc-status': '14' });
    expect(lonely.headers['grpc-message']).to.contain('SP-1302').and.to.contain(lonely.requestId);
    expect(lonely.body.length).to.equal(0);
    expect(await rig.recordOf(lonely.requestId)).to.include({ outcome: 'failed', reason: 'no-connector' });
    const stranger = await ask(rig, '/shop.Orders/List', { ...call, host: SECURE });
    expect(stranger.headers['grpc-status']).to.equal('16');
    const italian = { ...call.headers, 'accept-language': 'it' };
    const message = (await ask(rig, '/shop.Orders/List', { ...call, headers: italian, host: LONELY })).headers[
      'grpc-message'
    ];
    expect(message)
      .to.match(/^[\x20-\x7e]+$/)
      .and.to.contain('%C3%A8');
  });

  it('answer HEAD as GET, without the body', async () => {
    for (const headers of [NAVIGATION, {}]) {
      const page = await ask(rig, '/', { host: LONELY, headers });
      const head = await ask(rig, '/', { host: LONELY, headers, method: 'HEAD' });
      expect(head.status).to.equal(503);
      expect(head.body.length).to.equal(0);
      expect(head.headers['content-type']).to.equal(page.headers['content-type']);
      if (headers !== NAVIGATION) expect(head.headers['content-length']).to.equal(page.headers['content-length']);
      expect((await rig.recordOf(head.requestId)).responseBytes).to.equal(0);
    }
  });

  it('escape what they show of a request, an app and a person', async () => {
    failWith('origin-refused');
    const evil = await ask(rig, `/a"><script>alert(1)</script>?q='"><b>`, { headers: NAVIGATION });
    expect(evil.status).to.equal(502);
    expect(evil.text).not.to.match(/<script|<b>/);
    expect(evil.text).to.contain('/a&quot;&gt;&lt;script&gt;');
    expect(evil.text).to.contain('Wiki &lt;b&gt;&quot;&amp;&#39;');
    rig.auth.authorize = () => ({
      verdict: 'deny',
      reason: 'user-unassigned',
      detail: '<i>x</i>',
      decisionId: '<u>r</u>',
      username: '"<s>ada</s>',
    });
    for (const headers of [NAVIGATION, ITALIAN]) {
      const denied = await ask(rig, '/', { host: SECURE, headers: { ...headers, cookie: COOKIE } });
      expect(denied.status).to.equal(403);
      expect(denied.text).not.to.match(/<i>|<u>|<s>/);
    }
  });

  it('say in Italian what auth says in English, and mark what they cannot translate', async () => {
    const deny = (reason: string) => {
      rig.ingress.services.tenants[0].decisions.dropAll();
      rig.auth.authorize = () => ({
        verdict: 'deny',
        reason,
        detail: 'ada is not assigned.',
        decisionId: 'dec_1',
        username: 'ada@example.com',
      });
    };
    const denied = (headers: Record<string, string>) =>
      ask(rig, '/', { host: SECURE, headers: { ...headers, cookie: COOKIE } });
    deny('user-unassigned');
    const known = await denied(ITALIAN);
    expect(known.text).to.contain('ada@example.com ha effettuato l’accesso ma non è tra gli utenti di Secure.');
    expect((await denied(NAVIGATION)).text).to.contain('<p>ada is not assigned.</p>');
    deny('device-unknown');
    expect((await denied(ITALIAN)).text).to.contain('<p lang="en">ada is not assigned.</p>');
    deny('app-retired');
    expect((await denied(NAVIGATION)).text).to.contain('SP-1211');
    deny('groups-unknown');
    const unknown = await denied(ITALIAN);
    expect(unknown.status).to.equal(403);
    expect(unknown.text).to.contain('SP-1219').and.contain('I tuoi gruppi non sono noti');
    expect(unknown.text).to.contain('non si sa se Secure sia assegnata a uno di essi');
    expect((await denied(NAVIGATION)).text).to.contain('Your groups are not known');
  });

  it('tell a session that is over from one that never was', async () => {
    rig.auth.authorize = () => ({ verdict: 'sign-in', reason: 'session-expired' });
    const over = JSON.parse((await ask(rig, '/', { host: SECURE, headers: { cookie: COOKIE } })).text);
    expect(over).to.include({
      code: 'SP-1206',
      status: 401,
      reason: 'session-expired',
      signInUrl: `https://${SECURE}/`,
    });
    const never = JSON.parse((await ask(rig, '/', { host: SECURE })).text);
    expect(never).to.include({ code: 'SP-1201', status: 401, reason: 'user-unauthenticated' });
  });

  it('say which kind of sign-in failed', async () => {
    const reply = rig.auth.reply;
    for (const [reason, status, code] of [
      ['state-replayed', 400, 'SP-1207'],
      ['identity-provider-unreachable', 503, 'SP-1208'],
      ['token-invalid', 403, 'SP-1209'],
      ['identity-provider-refused', 403, 'SP-1204'],
    ] as const) {
      rig.auth.reply = () => ({ kind: 'denied', status, reason, detail: 'x', setCookies: [] });
      const { text } = await ask(rig, '/.sallyport/callback?state=1', { host: `login.${DOMAIN}` });
      expect(JSON.parse(text)).to.include({ code, status, reason });
    }
    rig.auth.reply = reply;
  });

  for (const [reason, status, code] of [
    ['internal', 502, 'SP-1312'],
    ['too-large', 502, 'SP-1409'],
    ['stopped', 503, 'SP-1313'],
  ] as const) {
    it(`have a number of their own for a channel that ended with ${reason}`, async () => {
      failWith(reason);
      const { text } = await ask(rig, '/', { method: 'POST', body: 'x' });
      expect(JSON.parse(text)).to.include({ code, status, reason });
    });
  }

  for (const [refusal, code] of [
    ['draining', 'SP-1307'],
    ['capacity', 'SP-1308'],
    ['unknown-app', 'SP-1303'],
    ['stale-configuration', 'SP-1303'],
  ] as const) {
    it(`have number ${code} when the connectors refuse with ${refusal}`, async () => {
      rig.serve((exchange) => {
        exchange.refuse(refusal);
        return NOTHING;
      });
      const answer = await ask(rig, '/');
      expect(JSON.parse(answer.text)).to.include({ code, status: 503, reason: 'refused' });
      expect(answer.headers['retry-after']).to.equal('5');
    });
  }

  for (const [what, target, field, code] of [
    ['a climb', '/../x', '', 'SP-1013'],
    ['a backslash', '/a\\b', '', 'SP-1012'],
    ['an absolute target of another host', 'https://evil.example/', '', 'SP-1010'],
    ['two Hosts', '/', 'Host: x\r\n', 'SP-1009'],
    ['two lengths', '/', 'Content-Length: 1\r\nContent-Length: 2\r\n', 'SP-1011'],
    ['another coding', '/', 'Transfer-Encoding: gzip\r\n', 'SP-1008'],
    ['a long target', `/${'a'.repeat(16_400)}`, '', 'SP-1005'],
    ['many fields', '/', 'X: 1\r\n'.repeat(201), 'SP-1006'],
  ] as const) {
    it(`give number ${code} to ${what}`, async () => {
      const text = await sendRaw(rig, `GET ${target} HTTP/1.1\r\nHost: wiki.${DOMAIN}\r\n${field}\r\n`);
      expect(text).to.contain(`"code":"${code}"`).and.to.contain('"requestId":"req_');
    });
  }

  for (const [what, bytes, status, code] of [
    ['bytes that are not HTTP', 'SSH-2.0-x\r\n\r\n', 400, 'SP-1001'],
    ['another version', `GET / HTTP/2.0\r\nHost: wiki.${DOMAIN}\r\n\r\n`, 505, 'SP-1017'],
    ['CONNECT', `CONNECT wiki.${DOMAIN}:443 HTTP/1.1\r\nHost: wiki.${DOMAIN}\r\n\r\n`, 405, 'SP-1004'],
    ['a folded field', `GET / HTTP/1.1\r\nHost: wiki.${DOMAIN}\r\nX: 1\r\n 2\r\n\r\n`, 400, 'SP-1014'],
    ['a head without end', `GET / HTTP/1.1\r\nX: ${'a'.repeat(66_000)}`, 431, 'SP-1006'],
  ] as const) {
    it(`give number ${code} to ${what}, and trust nothing of it`, async () => {
      const text = await sendRaw(rig, bytes);
      expect(text)
        .to.match(new RegExp(`^HTTP/1\\.1 ${status} `))
        .and.to.contain(`"type":"urn:sallyport:problem:${code}"`);
      expect(text).to.contain('Content-Type: application/problem+json').and.not.to.contain(DOMAIN);
      const [head = '', body = ''] = text.split('\r\n\r\n');
      expect(/Content-Length: (\d+)/.exec(head)?.[1]).to.equal(String(body.length));
      expect(head).to.contain('Connection: close');
    });
  }

  it('show the other pages in Italian as well', async () => {
    const signOut = await ask(rig, '/.sallyport/sign-out', { host: PORTAL, headers: ITALIAN });
    expect(signOut.text).to.contain('<html lang="it">').and.to.contain('Vuoi uscire?');
    expect(signOut.headers['content-language']).to.equal('it');
    const signedOut = await ask(rig, '/.sallyport/signed-out', { host: PORTAL, headers: ITALIAN });
    expect(signedOut.text).to.contain('La tua sessione è terminata per tutte le app.');
    const portal = await ask(rig, '/', { host: PORTAL, headers: { ...ITALIAN, cookie: COOKIE } });
    expect(portal.text).to.contain('<h1>Le tue app</h1>').and.to.contain('Vai al contenuto');
    expect(portal.headers.vary).to.contain('Accept-Language');
  });
});

describe('ingress: the hub is away', () => {
  it('is named as the cause, not auth, and not once it is back', async () => {
    const rig = await startIngressRig({ apps: [appView('secure', { preauthentication: 'oidc' })], auth: false });
    const code = async () => {
      const answer = await ask(rig, '/', { host: SECURE, headers: { cookie: COOKIE } });
      return (JSON.parse(answer.text) as { readonly code: string }).code;
    };
    try {
      expect(await code()).to.equal('SP-1202');
      await rig.nats.halt();
      expect(await code()).to.equal('SP-1902');
      await rig.nats.restart();
      await until(async () => (await code()) === 'SP-1202', { what: 'the hub back' });
    } finally {
      await rig.stop();
    }
  }).timeout(30_000);
});
