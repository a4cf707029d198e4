/**
 * Types of the passport-azure-ad 4.3.5 methods we override or call, which its published types leave out. The contract spec
 * spec/services/auth/identity-provider/passport-azure-ad.contract.unit.spec.ts holds the names against the real library.
 */
import type { Request } from 'express';

export type Next = (error?: unknown) => void;
export type ResponseParams = Record<string, unknown> & { id_token?: unknown };
export type TokenEndpointConfig = {
  readonly clientID: string;
  readonly clientSecret: string;
  readonly redirectUrl: string;
  readonly scope: string;
  readonly token_endpoint: string;
  readonly extraTokenReqQueryParams?: Readonly<Record<string, string>>;
};
export type TokenCallback = (error: unknown, answer?: Record<string, unknown>) => void;

declare module 'passport-azure-ad/oidc-strategy.js' {
  interface OIDCStrategy {
    collectInfoFromReq(params: ResponseParams, req: Request, next: Next, response: unknown): void;
    _idTokenHandler(params: ResponseParams, toValidate: unknown, req: Request, next: Next, callback: unknown): void;
    _getAccessTokenBySecretOrAssertion(
      code: string,
      config: TokenEndpointConfig,
      next: Next,
      callback: TokenCallback,
    ): void;
    failWithLog(message: unknown): void;
    fail(challenge: unknown, status?: number): void;
    error(error: unknown): void;
  }
}

declare module 'passport-azure-ad/bearer-strategy.js' {
  interface BearerStrategy {
    loadMetadata(params: unknown, next: (error: unknown, metadata?: unknown) => void): void;
    failWithLog(message: unknown): void;
    fail(challenge: unknown, status?: number): void;
    error(error: unknown): void;
  }
}

/** Methods we override; without them our checks would silently not run. */
export const OVERRIDDEN_OIDC_METHODS = [
  'authenticate',
  'collectInfoFromReq',
  '_idTokenHandler',
  '_getAccessTokenBySecretOrAssertion',
  'failWithLog',
] as const;
export const OVERRIDDEN_BEARER_METHODS = ['authenticate', 'loadMetadata', 'failWithLog'] as const;
