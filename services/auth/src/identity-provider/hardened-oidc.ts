import type { Request } from 'express';
import { OIDCStrategy } from 'passport-azure-ad';
import { IdentityProviderError } from '../errors.ts';
import { foreignOption } from './authorization-parameters.ts';
import type { Next, ResponseParams, TokenCallback, TokenEndpointConfig } from './azure-strategies.ts';
import { CLOCK_SKEW_SECONDS, checkToken, refused, requireKeyId, type TokenClaims } from './check-token.ts';
import type { MetadataStore, ProviderMetadata } from './metadata-store.ts';
import type { ProviderConnection } from './provider-connection.ts';

export type HardenedOidcOptions = {
  readonly store: MetadataStore;
  readonly connection: ProviderConnection;
  readonly issuer: string;
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUrl: string;
  readonly timeoutMs: number;
  /** What is asked for, `openid` among it. */
  readonly scopes: readonly string[];
};

/** What the strategy calls its user. */
export type PassportUser = { readonly claims: TokenClaims; readonly refreshToken: string | null };

/** Where passport-azure-ad keeps state and nonce in the session object, by default. */
export function sessionKeyOf(clientId: string): string {
  return `OIDC: ${clientId}`;
}

const MAX_PARAMETER_LENGTH = 8192;
const PRINTABLE = /^[\x20-\x7e]*$/;
const PARAMETERS = ['code', 'state', 'error', 'error_description', 'iss', 'session_state'] as const;
/** Answers of other flows and policies, which the stock strategy would follow. */
const FORBIDDEN = ['id_token', 'access_token', 'refresh_token', 'p'] as const;

/**
 * passport-azure-ad's strategy with everything from outside checked before the library sees it, its network access
 * replaced, RS256 pinned and every token checked by us first. The stock strategy ends the process on one request of an
 * unauthenticated visitor (reference: identity, section 1). An instance made by passport for one request inherits from
 * this one, hence ordinary properties and no private fields.
 */
export class HardenedOidc extends OIDCStrategy {
  readonly options: HardenedOidcOptions;
  /** Set on the instance of one request. */
  metadata: ProviderMetadata | undefined;

  constructor(options: HardenedOidcOptions) {
    super(
      {
        identityMetadata: `${options.issuer}/.well-known/openid-configuration`,
        clientID: options.clientId,
        clientSecret: options.clientSecret,
        redirectUrl: options.redirectUrl,
        responseType: 'code',
        responseMode: 'query',
        scope: [...options.scopes],
        issuer: options.issuer,
        validateIssuer: true,
        passReqToCallback: true,
        useCookieInsteadOfSession: false,
        nonceLifetime: 600,
        nonceMaxAmount: 1,
        clockSkew: CLOCK_SKEW_SECONDS,
        loggingLevel: 'error',
        loggingNoPII: true,
      },
      (
        _req: Request,
        _iss: string,
        _sub: string,
        _profile: unknown,
        claims: TokenClaims,
        _accessToken: string,
        refreshToken: string | undefined,
        _answer: unknown,
        done: (error: unknown, user?: unknown) => void,
      ) => done(null, { claims, refreshToken: refreshToken || null } satisfies PassportUser),
    );
    this.options = options;
  }

  override authenticate(req: Request, options?: object): void {
    const foreign = foreignOption(options);
    const problem =
      foreign === null
        ? problemOfResponse(req.query, this.options.issuer)
        : new RangeError(`option ${foreign} of the authorization request is not one of ours`);
    if (problem !== null) {
      this.error(problem);
      return;
    }
    this.options.store.get().then(
      (metadata) => {
        this.metadata = metadata;
        this.guard(
          () => super.authenticate(req, options),
          (error) => this.error(error),
        );
      },
      (error: unknown) => this.error(error),
    );
  }

  override collectInfoFromReq(params: ResponseParams, req: Request, next: Next, response: unknown): void {
    super.collectInfoFromReq(
      params,
      req,
      (error) => {
        if (!error) {
          params.metadata = this.metadata;
          params.cachekey = `${this.options.issuer}#${this.metadata?.version}`;
        }
        next(error);
      },
      response,
    );
  }

  override _getAccessTokenBySecretOrAssertion(
    code: string,
    config: TokenEndpointConfig,
    _next: Next,
    callback: TokenCallback,
  ): void {
    const form = new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      client_id: config.clientID,
      client_secret: config.clientSecret,
      redirect_uri: config.redirectUrl,
      scope: config.scope,
      ...config.extraTokenReqQueryParams,
    });
    const signal = AbortSignal.timeout(this.options.timeoutMs);
    this.options.connection.postForm(config.token_endpoint, form, signal).then(
      (answer) => {
        const failed = problemOfTokenAnswer(answer);
        if (failed !== null) return this.error(failed);
        this.guard(
          () => callback(null, answer),
          (error) => this.error(error),
        );
      },
      (error: unknown) => this.error(error),
    );
  }

  override _idTokenHandler(
    params: ResponseParams,
    toValidate: unknown,
    req: Request,
    next: Next,
    callback: unknown,
  ): void {
    this.checkIdToken(params).then(
      (metadata) => {
        params.metadata = metadata;
        this.guard(
          () => super._idTokenHandler(params, toValidate, req, next, callback),
          (error) => this.error(error),
        );
      },
      (error: unknown) => this.error(error),
    );
  }

  override failWithLog(message: unknown): void {
    const text = String(message)
      .replace(/[^\x20-\x7e]/g, '?')
      .slice(0, 200);
    this.error(new IdentityProviderError('token-invalid', `The sign-in was refused: ${text}.`));
  }

  private async checkIdToken(params: ResponseParams): Promise<ProviderMetadata> {
    const { issuer, tenantId, clientId, store } = this.options;
    const { id_token: token, nonce } = params;
    const kid = requireKeyId(token);
    if (typeof token !== 'string' || typeof nonce !== 'string') throw refused('it lacks a nonce');
    await checkToken(store, token, { issuer, audience: [clientId], tenantId, nonce });
    return store.get(kid);
  }

  /** Runs library code: what it throws at once is a failed sign-in, not the end of the process. */
  private guard(work: () => void, fail: (error: unknown) => void): void {
    try {
      work();
    } catch (error) {
      fail(error);
    }
  }
}

/** Shapes first: what the browser brought must be single, short, printable texts, and no answer of another flow. */
function problemOfResponse(query: unknown, issuer: string): IdentityProviderError | null {
  if (typeof query !== 'object' || query === null) return invalid('has no parameters');
  const given = new Map<string, unknown>(Object.entries(query));
  for (const name of FORBIDDEN) if (given.has(name)) return invalid(`carries ${name}, which was not asked for`);
  for (const name of PARAMETERS) {
    const value = given.get(name);
    if (value === undefined) continue;
    if (typeof value !== 'string' || value.length > MAX_PARAMETER_LENGTH || !PRINTABLE.test(value))
      return invalid(`carries ${name} in a shape that is not allowed`);
  }
  // RFC 9207: an answer that names its issuer must name ours (mix-up).
  if (given.has('iss') && given.get('iss') !== issuer) return invalid('comes from another issuer');
  return null;
}

function problemOfTokenAnswer(answer: Readonly<Record<string, unknown>>): IdentityProviderError | null {
  const fields = ['id_token', 'access_token', 'refresh_token', 'token_type'];
  const wrong = fields.find((name) => answer[name] !== undefined && typeof answer[name] !== 'string');
  const type = answer.token_type;
  if (wrong !== undefined) return nonsense(`${wrong} is not text`);
  if (answer.id_token === undefined) return nonsense('it sent no ID token');
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') return nonsense('its token type is not Bearer');
  return null;
}

function nonsense(what: string): IdentityProviderError {
  return new IdentityProviderError(
    'identity-provider-answer-invalid',
    `The identity provider answered nonsense: ${what}.`,
  );
}

function invalid(what: string): IdentityProviderError {
  return new IdentityProviderError(
    'sign-in-response-invalid',
    `The answer brought from the identity provider ${what}.`,
  );
}
