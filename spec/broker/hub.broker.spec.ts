import { readFileSync } from 'node:fs';
import { connect as connectTls } from 'node:tls';
import { jetstreamManager } from '@nats-io/jetstream';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { connect, errors } from 'nats';
import { ensureStreams, lookUpAccount, pushAccount, revokeUsers } from '#broker';
import { isSallyportError } from '#libs/errors';
import { requireSyncAlways } from '#libs/events';
import {
  createNkey,
  credentialsOf,
  encodeAccountJwt,
  encodeUserJwt,
  loadSeedFile,
  type Nkey,
  OPEN_LIMITS,
} from '#libs/nats-identity';
import { type RunningBroker, startBroker } from '../support/broker.ts';
import { until } from '../support/until.ts';

describe('the hub', function hubSpecs() {
  this.timeout(30_000);
  let broker: RunningBroker;
  before(async () => {
    broker = await startBroker();
  });
  after(() => broker?.stop());

  it('acknowledges only what is on disk', async () => {
    requireSyncAlways(await (await fetch(`${broker.hub.monitorUrl()}/jsz?config=true`)).json());
  });

  it('takes no client without credentials, and none that does not trust its certificate', async () => {
    const ca = readFileSync(broker.layout.caFile, 'utf8');
    const servers = [...broker.servers];
    const attempts = [
      connect({ servers, tls: { ca }, reconnect: false }),
      connect({ servers, tls: {}, reconnect: false }),
    ];
    const outcomes = await Promise.allSettled(attempts);
    expect(outcomes.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected']);
  });

  const handshakes: readonly [string, 'client' | 'none', 'TLSv1.2' | 'TLSv1.3'][] = [
    ['without a client certificate', 'none', 'TLSv1.3'],
    ['with a server certificate as client certificate', 'client', 'TLSv1.3'],
    ['with TLS 1.2', 'none', 'TLSv1.2'],
  ];
  for (const [name, certificate, version] of handshakes) {
    it(`ends a leaf handshake ${name} before it says a word`, async () => {
      const { certFile, keyFile } = broker.layout.certificates.console;
      const identity = certificate === 'client' ? { cert: readFileSync(certFile), key: readFileSync(keyFile) } : {};
      const socket = connectTls({
        host: '127.0.0.1',
        servername: 'localhost',
        port: broker.leafPort(),
        ca: readFileSync(broker.layout.caFile),
        minVersion: version,
        maxVersion: version,
        ...identity,
      });
      let received = '';
      let isEnded = false;
      socket.on('data', (data) => {
        received += data.toString();
      });
      socket.on('error', () => undefined);
      socket.on('close', () => {
        isEnded = true;
      });
      await until(() => isEnded, { what: 'end of the handshake' });
      expect(received).to.equal('');
    });
  }

  it('makes its streams once', async () => {
    const jsm = await jetstreamManager(await broker.connectAs('provisioner', 'core'));
    const before = await Promise.all(['EVENTS', 'ACCESS', 'AUDIT'].map((name) => jsm.streams.info(name)));
    await ensureStreams(jsm);
    const after = await Promise.all(['EVENTS', 'ACCESS', 'AUDIT'].map((name) => jsm.streams.info(name)));
    expect(after.map(({ created, config }) => ({ created, config }))).to.deep.equal(
      before.map(({ created, config }) => ({ created, config })),
    );
    const [, access, audit] = after.map(({ config }) => config);
    expect(access).to.deep.include({ max_age: 30 * 86_400_000_000_000, max_bytes: 10_737_418_240, compression: 's2' });
    expect(audit).to.deep.include({ deny_delete: true, deny_purge: true });
  });

  describe('account operations', () => {
    let operator: Nkey;
    before(async () => {
      const key = await loadSeedFile(broker.layout.operator.signingKeyFile, 'operator');
      if (!key) throw new Error('no operator key');
      operator = key;
    });

    it('a pushed account is usable at once, a revoked user of it is cut and stays out', async () => {
      const sys = await broker.connectAs('certificate-authority', 'sys');
      const account = createNkey('account');
      const claims = { limits: OPEN_LIMITS };
      await pushAccount(
        sys,
        await encodeAccountJwt({ name: 'new', publicKey: account.publicKey, signer: operator, claims }),
      );
      const user = createNkey('user');
      const jwt = await encodeUserJwt({
        name: 'first',
        publicKey: user.publicKey,
        account: account.publicKey,
        signer: account,
        permissions: {},
      });
      const connection = await broker.connectWith(credentialsOf(jwt, user), { reconnect: false });
      const users = { [user.publicKey]: Math.ceil(Date.now() / 1000) };
      expect(await revokeUsers(sys, { account: account.publicKey, signer: operator, users })).to.equal(true);
      await until(() => connection.isClosed(), { what: 'the revoked user to be cut' });
      const again = await broker.connectWith(credentialsOf(jwt, user), { reconnect: false }).catch(() => 'refused');
      expect(again).to.equal('refused');
      expect((await lookUpAccount(sys, account.publicKey)).claims.revocations).to.deep.equal(users);
      expect(await revokeUsers(sys, { account: account.publicKey, signer: operator, users })).to.equal(false);
    });

    it('users of an account that another operator signed do not get in', async () => {
      const sys = await broker.connectAs('certificate-authority', 'sys');
      const [account, user] = [createNkey('account'), createNkey('user')];
      const signer = createNkey('operator');
      const claims = { limits: OPEN_LIMITS };
      const { publicKey } = account;
      await pushAccount(sys, await encodeAccountJwt({ name: 'foreign', publicKey, signer, claims })).catch(
        () => undefined,
      );
      const jwt = await encodeUserJwt({
        name: 'first',
        publicKey: user.publicKey,
        account: publicKey,
        signer: account,
        permissions: {},
      });
      const outcome = await broker
        .connectWith(credentialsOf(jwt, user), { reconnect: false })
        .catch((error: unknown) => error);
      expect(outcome).to.be.instanceOf(errors.AuthorizationError);
    });

    it('what is no account is refused', async () => {
      const sys = await broker.connectAs('certificate-authority', 'sys');
      const error = await pushAccount(sys, 'garbage').catch((failure: unknown) => failure);
      expect(isSallyportError(error, 'ERR_BROKER_PUSH')).to.equal(true);
    });
  });
});
