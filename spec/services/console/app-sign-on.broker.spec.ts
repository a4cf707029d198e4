import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import { type AppCommand, type AppView, apps, changeApp, identityProviders, sealSecret } from '#libs/contracts';
import { APP, type ConsoleWorld, PUBLISH, startConsoleWorld } from './support.ts';

const BASIC = { kind: 'basic', username: 'svc', sealedPassword: 'sealed:old' } as const;
const EXCHANGE = {
  kind: 'token-exchange',
  tokenEndpoint: 'https://sts.example.com/token',
  clientId: 'sallyport',
  sealedClientSecret: 'sealed:old',
  audience: 'api',
  scope: null,
} as const;
const CLAIM_HEADERS = [{ header: 'X-Department', claim: 'department' }];

describe('console API for single sign-on', () => {
  let world: ConsoleWorld;
  let app: AppView;
  let onRead = (): void => undefined;
  const commands: { readonly command: AppCommand; readonly expectedRevision?: number | undefined }[] = [];
  const sealed: string[] = [];

  before(async () => {
    world = await startConsoleWorld();
    await world.fake(changeApp, (given) => {
      commands.push(given);
      const { command } = given;
      const changes =
        command.type === 'ChangeApp' ? command.changes : command.type === 'PublishApp' ? command.settings : {};
      return { app: { ...app, ...changes, revision: 8 } as AppView };
    });
    await world.fake(apps, () => {
      onRead();
      return { position: 7, apps: [app], next: null };
    });
    await world.fake(sealSecret, ({ secret }) => {
      sealed.push(secret);
      return { sealed: `sealed:${sealed.length}` };
    });
    await world.fake(identityProviders, () => ({
      providers: [
        { id: 'corp', name: 'Corp', kind: 'entra' as const, issuer: 'https://a.example' },
        { id: 'partners', name: 'Partners', kind: 'openid' as const, issuer: 'https://b.example' },
      ],
    }));
  });
  after(() => world.stop());
  beforeEach(() => {
    app = APP;
    onRead = () => undefined;
    commands.length = 0;
    sealed.length = 0;
  });

  const patch = (body: object) => world.call('PATCH', '/v1/apps/app_1', { body });
  const changed = () => {
    const command = commands.at(-1)?.command;
    return command?.type === 'ChangeApp' ? command.changes : undefined;
  };
  const having = (authorization: AppView['singleSignOn']['authorization']) => {
    app = { ...APP, singleSignOn: { claimHeaders: CLAIM_HEADERS, authorization } };
  };

  it('seals a secret before it becomes a command, and never shows it', async () => {
    for (const [authorization, shown, stored] of [
      [
        { kind: 'basic', username: 'svc', password: 'S3cret' },
        { kind: 'basic', username: 'svc', password: '(sealed)' },
        { kind: 'basic', username: 'svc', sealedPassword: 'sealed:1' },
      ],
      [
        { kind: 'bearer', token: 'S3cret' },
        { kind: 'bearer', token: '(sealed)' },
        { kind: 'bearer', sealedToken: 'sealed:1' },
      ],
      [
        { kind: 'token-exchange', tokenEndpoint: 'https://sts.example.com/', clientId: 'c', clientSecret: 'S3cret' },
        {
          kind: 'token-exchange',
          tokenEndpoint: 'https://sts.example.com/',
          clientId: 'c',
          clientSecret: '(sealed)',
          audience: null,
          scope: null,
        },
        {
          kind: 'token-exchange',
          tokenEndpoint: 'https://sts.example.com/',
          clientId: 'c',
          sealedClientSecret: 'sealed:1',
          audience: null,
          scope: null,
        },
      ],
    ] as const) {
      sealed.length = 0;
      const published = await world.call('POST', '/v1/apps', { body: { ...PUBLISH, singleSignOn: { authorization } } });
      expect(published.status).to.equal(201);
      expect(sealed).to.deep.equal(['S3cret']);
      expect(commands.at(-1)?.command).to.have.nested.property('settings.singleSignOn').that.deep.equals({
        claimHeaders: [],
        authorization: stored,
      });
      expect(published.json.singleSignOn).to.deep.equal({ claimHeaders: [], authorization: shown });
      expect(published.text).not.to.match(/S3cret|sealed:/);
    }
  });

  it('shows no sealed text either, in lists as in one app', async () => {
    for (const authorization of [BASIC, EXCHANGE, { kind: 'bearer', sealedToken: 'sealed:old' } as const]) {
      having(authorization);
      for (const path of ['/v1/apps', '/v1/apps/app_1']) {
        const { text } = await world.call('GET', path);
        expect(text).to.contain('(sealed)');
        expect(text).not.to.contain('sealed:old');
      }
    }
  });

  it('keeps the sealed secret when something else changes, on the revision it read', async () => {
    having(BASIC);
    await patch({ singleSignOn: { claimHeaders: [] } });
    expect(changed()).to.deep.equal({ singleSignOn: { claimHeaders: [], authorization: BASIC } });
    expect(commands.at(-1)?.expectedRevision).to.equal(7);
    having(EXCHANGE);
    await patch({
      singleSignOn: {
        authorization: {
          kind: 'token-exchange',
          tokenEndpoint: 'https://STS.example.com/token',
          clientId: 'sallyport',
          scope: 'read',
        },
      },
    });
    expect(changed()?.singleSignOn?.authorization).to.deep.equal({
      ...EXCHANGE,
      tokenEndpoint: 'https://STS.example.com/token',
      scope: 'read',
    });
    expect(sealed).to.deep.equal([]);
  });

  it('never puts an old secret back as if it were of the revision that If-Match names', async () => {
    const current: AppView = {
      ...APP,
      revision: 8,
      singleSignOn: { claimHeaders: [], authorization: { ...BASIC, sealedPassword: 'sealed:new' } },
    };
    const body = { singleSignOn: { claimHeaders: CLAIM_HEADERS } };
    const patchAt = (revision: number) =>
      world.call('PATCH', '/v1/apps/app_1', { body, headers: { 'if-match': `"${revision}"` } });
    having(BASIC);
    const behind = await patchAt(8);
    expect([behind.status, behind.json.code]).to.deep.equal([412, 'ERR_EVENTS_STALE_REVISION']);
    let reads = 0;
    onRead = () => {
      reads += 1;
      if (reads === 3) app = current;
    };
    expect((await patchAt(8)).status, 'what is read comes up').to.equal(200);
    expect(commands).to.have.length(1);
    expect(commands[0]?.expectedRevision).to.equal(8);
    expect(changed()?.singleSignOn?.authorization).to.include({ sealedPassword: 'sealed:new' });
    expect((await patchAt(7)).status, 'somebody else was faster').to.equal(412);
    expect([commands.length, reads]).to.deep.equal([1, 4]);
  });

  it('takes back what it shows', async () => {
    for (const authorization of [BASIC, EXCHANGE, { kind: 'bearer', sealedToken: 'sealed:old' } as const]) {
      having(authorization);
      const { json } = await world.call('GET', '/v1/apps/app_1');
      expect((await patch({ singleSignOn: json.singleSignOn })).status).to.equal(200);
      expect(changed()).to.deep.equal({ singleSignOn: app.singleSignOn });
    }
  });

  it('never hands a kept secret to another user name, client, address or kind', async () => {
    for (const [now, authorization] of [
      [BASIC, { kind: 'basic', username: 'other' }],
      [BASIC, { kind: 'basic', username: 'other', password: '(sealed)' }],
      [BASIC, { kind: 'bearer' }],
      [EXCHANGE, { kind: 'token-exchange', tokenEndpoint: 'https://evil.example/token', clientId: 'sallyport' }],
      [EXCHANGE, { kind: 'token-exchange', tokenEndpoint: EXCHANGE.tokenEndpoint, clientId: 'other' }],
      [null, { kind: 'basic', username: 'svc' }],
      [null, { kind: 'basic', username: 'svc', password: '(sealed)' }],
    ] as const) {
      having(now);
      const answer = await patch({ singleSignOn: { authorization } });
      expect([answer.status, answer.json.code]).to.deep.equal([422, 'ERR_APP_SETTING']);
      expect(answer.json.detail).to.match(
        /^singleSignOn\.authorization\.(password|token|clientSecret) is missing: give it/,
      );
    }
    expect(commands).to.deep.equal([]);
  });

  it('has defaults for Kerberos, and keeps what is not named', async () => {
    const kerberos = {
      kind: 'kerberos',
      servicePrincipalName: 'HTTP/wiki',
      delegatedLogin: 'upn',
      claim: null,
      realm: null,
      mechanism: 'spnego',
    } as const;
    const missing = await patch({ singleSignOn: { authorization: { kind: 'kerberos' } } });
    expect([missing.status, missing.json.code]).to.deep.equal([422, 'ERR_APP_SETTING']);
    await patch({ singleSignOn: { authorization: { kind: 'kerberos', servicePrincipalName: 'HTTP/wiki' } } });
    expect(changed()?.singleSignOn?.authorization).to.deep.equal(kerberos);
    having({ ...kerberos, realm: 'CORP', mechanism: 'kerberos' });
    await patch({ singleSignOn: { authorization: { kind: 'kerberos', delegatedLogin: 'claim', claim: 'sam' } } });
    const byClaim = {
      ...kerberos,
      realm: 'CORP',
      mechanism: 'kerberos',
      delegatedLogin: 'claim',
      claim: 'sam',
    } as const;
    expect(changed()?.singleSignOn?.authorization).to.deep.equal(byClaim);
    having(byClaim);
    await patch({ singleSignOn: { authorization: { kind: 'kerberos', delegatedLogin: 'user-part' } } });
    expect(changed()?.singleSignOn?.authorization).to.deep.include({ delegatedLogin: 'user-part', claim: null });
    const { json } = await world.call('GET', '/v1/apps/app_1');
    expect(json).to.have.nested.property('singleSignOn.authorization').that.deep.equals(byClaim);
  });

  it('takes it away with null', async () => {
    having(BASIC);
    await patch({ singleSignOn: { authorization: null } });
    expect(changed()).to.deep.equal({ singleSignOn: { claimHeaders: CLAIM_HEADERS, authorization: null } });
  });

  it('refuses what it does not know, and says nothing of the secret', async () => {
    for (const singleSignOn of [
      { authorization: { kind: 'basic', username: 'svc', sealedPassword: 'S3cret' } },
      { authorization: { kind: 'basic', username: 'svc', password: 'S3cret\r\nX: 1' } },
      { authorization: { kind: 'bearer', token: 'S3cret token' } },
      { authorization: { kind: 'bearer', token: 'S3cret'.repeat(1_000) } },
      {
        authorization: {
          kind: 'token-exchange',
          tokenEndpoint: 'https://a.example',
          clientId: 'c',
          clientSecret: 'S3crét',
        },
      },
      { authorization: { kind: 'ntlm' } },
      { authorization: { kind: 'kerberos', servicePrincipalName: 'HTTP/wiki', password: 'S3cret' } },
      { claimHeaders: [{ header: 'X Y', claim: 'name' }] },
      { claimHeaders: [{ header: 'X-Y', claim: 'name', format: 'json' }] },
      { headers: [] },
    ]) {
      const answer = await patch({ singleSignOn });
      expect([answer.status, answer.json.code]).to.deep.equal([400, 'ERR_API_INVALID']);
      expect(answer.text).not.to.contain('S3cret');
    }
  });

  it('changes a part of the rules for access tokens, with a header that is not the usual one by default', async () => {
    await patch({ bearerTokens: { audience: 'api://wiki', scope: 'read' } });
    const tokens = { audience: 'api://wiki', scope: 'read', header: 'x-sallyport-authorization' as const };
    expect(changed()).to.deep.equal({ bearerTokens: tokens });
    app = { ...APP, bearerTokens: tokens };
    await patch({ bearerTokens: { header: 'authorization' } });
    expect(changed()).to.deep.equal({ bearerTokens: { ...tokens, header: 'authorization' } });
    await patch({ bearerTokens: null });
    expect(changed()).to.deep.equal({ bearerTokens: null });
    app = APP;
    expect((await patch({ bearerTokens: { scope: 'read' } })).json.detail).to.contain(
      'bearerTokens.audience is missing',
    );
  });

  it('knows the identity providers there are', async () => {
    await patch({ identityProvider: 'partners' });
    expect(changed()).to.deep.equal({ identityProvider: 'partners' });
    await patch({ identityProvider: null });
    expect(changed()).to.deep.equal({ identityProvider: null });
    const answer = await patch({ identityProvider: 'elsewhere' });
    expect([answer.status, answer.json.code]).to.deep.equal([422, 'ERR_APP_SETTING']);
    expect(answer.json.detail).to.contain('"elsewhere" is not configured: expected corp, partners, or null');
  });

  it('describes secrets as something that is written only', async () => {
    const { json } = await world.call('GET', '/v1/openapi.json');
    const text = JSON.stringify(json);
    expect(text).to.contain('"clientSecret"').and.to.contain('(sealed)');
    expect(text).not.to.match(/sealedPassword|sealedToken|sealedClientSecret/);
  });
});
