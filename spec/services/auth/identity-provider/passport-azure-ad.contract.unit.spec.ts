import { expect } from 'chai';
import { describe, it } from 'mocha';
import passport from 'passport';
import { BearerStrategy, OIDCStrategy } from 'passport-azure-ad';
import {
  OVERRIDDEN_BEARER_METHODS,
  OVERRIDDEN_OIDC_METHODS,
} from '../../../../services/auth/src/identity-provider/azure-strategies.ts';
import { HardenedBearer } from '../../../../services/auth/src/identity-provider/hardened-bearer.ts';
import { HardenedOidc } from '../../../../services/auth/src/identity-provider/hardened-oidc.ts';

/** Run after every update of passport-azure-ad: a renamed method would switch our checks off without a sound. */
describe('passport-azure-ad, as our wrapper needs it', () => {
  for (const name of OVERRIDDEN_OIDC_METHODS) {
    it(`has OIDCStrategy.${name}, and ours is another`, () => {
      expect(Reflect.get(OIDCStrategy.prototype, name)).to.be.a('function');
      expect(Object.hasOwn(HardenedOidc.prototype, name)).to.equal(true);
    });
  }
  for (const name of OVERRIDDEN_BEARER_METHODS) {
    it(`has BearerStrategy.${name}, and ours is another`, () => {
      expect(Reflect.get(BearerStrategy.prototype, name)).to.be.a('function');
      expect(Object.hasOwn(HardenedBearer.prototype, name)).to.equal(true);
    });
  }

  it('shares the one passport of this project', () => {
    expect(new (passport.Strategy as new () => object)()).to.be.an('object');
    expect(Object.getPrototypeOf(OIDCStrategy.prototype)).to.equal(passport.Strategy.prototype);
    expect(Object.getPrototypeOf(BearerStrategy.prototype)).to.equal(passport.Strategy.prototype);
  });
});
