import type { Request } from 'express';
import { BearerStrategy, type ITokenPayload } from 'passport-azure-ad';
import './azure-strategies.ts';
import { CLOCK_SKEW_SECONDS, checkToken, refused, type TokenClaims } from './check-token.ts';
import type { MetadataStore, ProviderMetadata } from './metadata-store.ts';

export type HardenedBearerOptions = {
  readonly store: MetadataStore;
  readonly issuer: string;
  readonly tenantId: string;
  readonly audience: readonly string[];
  /** Short name that must stand in `scp`. */
  readonly scope: string;
};

const BEARER = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/;

/** passport-azure-ad's bearer strategy behind the same defenses as HardenedOidc. */
export class HardenedBearer extends BearerStrategy {
  readonly options: HardenedBearerOptions;
  /** Set on the instance of one request. */
  metadata: ProviderMetadata | undefined;
  claims: TokenClaims | undefined;

  constructor(options: HardenedBearerOptions) {
    super(
      {
        identityMetadata: `${options.issuer}/.well-known/openid-configuration`,
        clientID: options.audience[0] ?? '',
        audience: [...options.audience],
        issuer: options.issuer,
        validateIssuer: true,
        allowMultiAudiencesInToken: false,
        scope: [options.scope],
        clockSkew: CLOCK_SKEW_SECONDS,
        passReqToCallback: true,
        loggingLevel: 'error',
        loggingNoPII: true,
      },
      (_req: Request, payload: ITokenPayload, done: (error: unknown, user?: unknown) => void) => done(null, payload),
    );
    this.options = options;
  }

  override authenticate(req: Request, options?: object): void {
    const token = BEARER.exec(req.headers.authorization ?? '')?.[1];
    if (token === undefined) {
      this.error(refused('it is not a signed JWT'));
      return;
    }
    this.checkAccessToken(token).then(
      (metadata) => {
        this.metadata = metadata;
        try {
          super.authenticate(req, options);
        } catch (error) {
          this.error(error);
        }
      },
      (error: unknown) => this.error(error),
    );
  }

  override loadMetadata(_params: unknown, next: (error: unknown, metadata?: unknown) => void): void {
    next(null, this.metadata);
  }

  override failWithLog(_message: unknown): void {
    this.error(refused('it was refused by the second check'));
  }

  private async checkAccessToken(token: string): Promise<ProviderMetadata> {
    const { issuer, tenantId, audience, scope, store } = this.options;
    const claims = await checkToken(store, token, { issuer, audience, tenantId });
    if (!(claims.scp ?? '').split(' ').includes(scope)) throw refused(`it lacks the scope ${scope}`);
    return store.get();
  }
}
