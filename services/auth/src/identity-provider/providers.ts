import { type AppState, authPaths, SESSION_COOKIE } from '#libs/contracts';
import type { Logger } from '#libs/telemetry';
import type { AuthConfig } from '../config.ts';
import type { IdentityProvider } from './identity-provider.ts';
import { createOpenidIdentityProvider } from './openid-identity-provider.ts';
import { createPassportIdentityProvider } from './passport-identity-provider.ts';
import type { FirstProviderConfig, FurtherProviderConfig } from './provider-config.ts';

export type ConfiguredProvider = {
  readonly id: string;
  /** For people. Default: the host of its issuer. */
  readonly name: string;
  readonly kind: 'entra' | 'openid';
  readonly issuer: string;
  /** `directoryTenant` of the people it knows. */
  readonly directory: string;
  /** Whether people who sign out are sent there too, and with what hint. */
  readonly signOut: 'username' | 'session' | 'plain' | 'none';
  readonly port: IdentityProvider;
  /** Its sessions can be confirmed, see `refreshTokens` of the configuration. */
  readonly givesRefreshTokens: boolean;
  /** Its redirect URI, on the sign-in host; no answer of it is taken at another's (RFC 9700, 4.4.2.2). */
  readonly callbackPath: string;
  /** One session of each provider lives in a browser. */
  readonly sessionCookie: string;
};

type MadeSession = { readonly identityProvider: string };
type NamesProvider = { readonly identityProvider: string | null };

/** The identity providers of the tenant, as configured; never empty. */
export class IdentityProviders {
  readonly first: ConfiguredProvider;
  /** The first one first. */
  readonly all: readonly ConfiguredProvider[];

  constructor(first: ConfiguredProvider, further: readonly ConfiguredProvider[] = []) {
    this.first = first;
    this.all = [first, ...further];
  }

  /** null stands for the first one; undefined: there is none of that id, and never another one in its place. */
  find(id: string | null): ConfiguredProvider | undefined {
    return id === null ? this.first : this.all.find((provider) => provider.id === id);
  }

  /** Whom the users of an app sign in with; undefined: the app names one that is not configured. */
  ofApp({ identityProvider }: NamesProvider): ConfiguredProvider | undefined {
    return this.find(identityProvider);
  }

  /**
   * Who a session was begun by; undefined: a provider that is not configured any more. Issuers decide, which are unique: ids can be
   * given to others, and the first one can become another.
   */
  ofSession({ identityProvider: issuer }: MadeSession): ConfiguredProvider | undefined {
    return this.all.find((provider) => provider.issuer === issuer);
  }

  /** Whether a session may be used for an app at all; null: the portal, which is the first one's. An app that is gone is nobody's. */
  isOfApp(session: MadeSession, app: AppState | null): boolean {
    if (app?.status === 'absent') return true;
    return this.find(app?.identityProvider ?? null)?.issuer === session.identityProvider;
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map(({ port }) => port.close()));
  }
}

/** Errors: ERR_AUTH_FILE for a secret or CA file. `first`: in place of the configured one. */
export function createIdentityProviders(
  config: AuthConfig,
  options: {
    readonly signInOrigin: string;
    readonly logger: Pick<Logger, 'warn'>;
    readonly first?: IdentityProvider | undefined;
  },
): IdentityProviders {
  const { identityProvider: first, furtherIdentityProviders: further, expectGroupsClaim, keepClaims } = config;
  const { signInOrigin, logger } = options;
  const shared = { signInOrigin, logger, keepClaims };
  const configured = (provider: FirstProviderConfig | FurtherProviderConfig, port?: IdentityProvider) => {
    const isFirst = provider === first;
    const { issuer, refreshTokens: givesRefreshTokens = true } = provider;
    const wantsRefreshTokens = givesRefreshTokens && config.refreshMinutes !== null;
    const callbackPath = isFirst ? authPaths.callback : `${authPaths.callback}/${provider.id}`;
    const sendsGroups = isFirst ? expectGroupsClaim : 'expectGroupsClaim' in provider && provider.expectGroupsClaim;
    return {
      id: provider.id,
      name: provider.name ?? new URL(provider.issuer).host,
      kind: provider.kind ?? ('entra' as const),
      issuer,
      // Entra ID takes no hint but a claim that is not kept, and asks.
      signOut: provider.kind === 'openid' ? provider.signOut : ('plain' as const),
      directory: 'tenantId' in provider ? provider.tenantId.toLowerCase() : issuer,
      givesRefreshTokens,
      callbackPath,
      sessionCookie: isFirst ? SESSION_COOKIE : `${SESSION_COOKIE}-${provider.id}`,
      port: port ?? createPort(provider, { ...shared, callbackPath, sendsGroups, wantsRefreshTokens }),
    };
  };
  return new IdentityProviders(
    configured(first, options.first),
    further.map((provider) => configured(provider)),
  );
}

type PortOptions = Omit<Parameters<typeof createPassportIdentityProvider>[0], 'config'>;

function createPort(config: FirstProviderConfig | FurtherProviderConfig, options: PortOptions): IdentityProvider {
  if (config.kind === 'openid') return createOpenidIdentityProvider({ config, ...options });
  return createPassportIdentityProvider({ config, ...options });
}
