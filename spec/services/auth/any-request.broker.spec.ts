import { expect } from 'chai';
import fc from 'fast-check';
import { after, before, describe, it } from 'mocha';
import { endpoints } from '#libs/contracts';
import { demoDirectory } from '../../support/identity-provider.ts';
import { APP_URL, type AuthWorld, published, startAuthWorld, TENANT } from './support/auth-world.ts';
import { BrowserDouble } from './support/browser-double.ts';

const [, BOB] = demoDirectory.users;

describe('auth', function anyRequestSpecs() {
  this.timeout(30_000);
  let world: AuthWorld;
  before(async () => {
    world = await startAuthWorld();
    await world.appendApp('app_wiki', published({ users: [BOB.oid] }));
  });
  after(() => world?.stop());

  it('survives any request on any endpoint', async () => {
    const names = ['beginSignIn', 'continueSignIn', 'completeSignIn', 'openAppAccess', 'signOut', 'authorize'] as const;
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('app_wiki', 'portal', '', '*', '..', '__proto__', APP_URL),
    );
    const jar = fc.dictionary(
      fc.oneof(text, fc.constantFrom('__Host-sallyport-session', '__Host-sallyport-access')),
      text,
      { maxKeys: 4 },
    );
    const shaped = fc.record({
      requestId: text,
      client: fc.record({ address: fc.string({ maxLength: 64 }), userAgent: fc.string({ maxLength: 400 }) }),
      cookies: jar,
      appId: text,
      returnUrl: text,
      token: text,
      ticket: text,
      accessCookie: text,
      query: fc.dictionary(
        fc.oneof(text, fc.constantFrom('state', 'code', 'error')),
        fc.oneof(text, fc.array(text, { maxLength: 3 })),
      ),
    });
    const any = fc.oneof({ weight: 4, arbitrary: shaped }, { weight: 1, arbitrary: fc.jsonValue() });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), any, async (name, request) => {
        const subject = endpoints[name](TENANT);
        const answer = (await world.ingress.request(subject, JSON.stringify(request), { timeout: 10_000 })).json();
        expect(answer).to.have.any.keys('ok', 'error');
        expect(Object(answer)).not.to.have.nested.property('error.code', 'ERR_INTERNAL');
      }),
      { numRuns: 300 },
    );
    const browser = new BrowserDouble(world.ingress, world.idp.ca);
    await browser.signIn('bob', 'app_wiki');
    expect((await browser.authorize('app_wiki')).verdict).to.equal('allow');
  });
  it('survives anything that administrators, detectors and identity providers may say of people', async () => {
    const names = ['changeUser', 'users', 'assessSession', 'endSession', 'endSessions', 'sessions'] as const;
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 400 }),
      fc.constantFrom(BOB.oid, BOB.oid.toUpperCase(), '', '*', '>', '__proto__', 'usr_', `usr_${'0'.repeat(24)}`),
    );
    const change = fc.record(
      {
        type: fc.constantFrom('DisableUser', 'EnableUser', 'SetUserRisk', 'SignOutUserEverywhere', 'X'),
        level: fc.constantFrom('none', 'high', 'X'),
        detail: text,
      },
      { requiredKeys: ['type'] },
    );
    const shaped = fc.record(
      {
        commandId: fc.oneof(fc.uuid(), text),
        actor: fc.record({ kind: fc.constantFrom('user', 'local-operator'), id: text }),
        correlationId: fc.oneof(fc.uuid(), text),
        user: text,
        directoryTenant: text,
        command: change,
        sessionId: text,
        reason: fc.constantFrom('revoked', 'X'),
        level: fc.constantFrom('none', 'high', 'X'),
        appId: text,
        deviceId: text,
        limit: fc.integer({ min: -1, max: 501 }),
      },
      { requiredKeys: ['commandId', 'actor', 'correlationId', 'user', 'command', 'sessionId', 'level', 'reason'] },
    );
    const told = fc.record({
      requestId: text,
      client: fc.record({ address: fc.string({ maxLength: 64 }), userAgent: fc.string({ maxLength: 400 }) }),
      message: fc.oneof(
        fc.record({
          kind: fc.constant('back-channel'),
          providerId: fc.option(text),
          logoutToken: fc.oneof(text, fc.constantFrom('a.b.c', 'e30.e30.', '..')),
        }),
        fc.record({
          kind: fc.constant('front-channel'),
          issuer: fc.option(fc.oneof(text, fc.constant(world.idp.issuer))),
          providerSessionId: text,
        }),
      ),
    });
    const isAnswer = async (asker: typeof world.ingress, subject: string, request: unknown) => {
      const answer = (await asker.request(subject, JSON.stringify(request), { timeout: 10_000 })).json();
      expect(answer).to.have.any.keys('ok', 'error');
      expect(Object(answer)).not.to.have.nested.property('error.code', 'ERR_INTERNAL');
    };
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), shaped, (name, request) =>
        isAnswer(world.console, endpoints[name](TENANT), request),
      ),
      { numRuns: 300 },
    );
    await fc.assert(
      fc.asyncProperty(told, (request) => isAnswer(world.ingress, endpoints.providerLogout(TENANT), request)),
      { numRuns: 150 },
    );
  });
});
