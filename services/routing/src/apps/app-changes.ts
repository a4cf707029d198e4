import type { AppFact, AppSettings } from '#libs/contracts';
import { requirePlaces } from './app-places.ts';
import type { AppChanges } from './app-settings.ts';
import { requireKerberosFits } from './kerberos-settings.ts';
import { requireSignedInUsers } from './sign-on-settings.ts';

type FactOf<Key extends keyof AppSettings> = (value: AppSettings[Key], app: AppSettings) => AppFact;

/** One fact for each setting, in this order. */
const FACTS: { readonly [Key in keyof AppSettings]: FactOf<Key> } = {
  name: (name) => ({ type: 'AppRenamed', data: { name } }),
  internalUrl: (internalUrl) => ({ type: 'AppInternalUrlChanged', data: { internalUrl } }),
  externalUrl: (externalUrl, app) => ({
    type: 'AppExternalUrlChanged',
    data: { externalUrl, previousExternalUrl: app.externalUrl },
  }),
  alternateHosts: (alternateHosts) => ({ type: 'AppAlternateHostsChanged', data: { alternateHosts } }),
  segments: (segments) => ({ type: 'AppSegmentsChanged', data: { segments } }),
  preauthentication: (preauthentication) => ({ type: 'AppPreauthenticationChanged', data: { preauthentication } }),
  connectorGroupId: (connectorGroupId) => ({ type: 'AppMovedToConnectorGroup', data: { connectorGroupId } }),
  backendTimeoutSeconds: (seconds) => ({
    type: 'AppBackendTimeoutChanged',
    data: { backendTimeoutSeconds: seconds },
  }),
  idleTimeoutSeconds: (idleTimeoutSeconds) => ({ type: 'AppIdleTimeoutChanged', data: { idleTimeoutSeconds } }),
  cookieFlags: (cookieFlags) => ({ type: 'AppCookieFlagsChanged', data: { cookieFlags } }),
  translateHeaders: (translateHeaders) => ({ type: 'AppHeaderTranslationChanged', data: { translateHeaders } }),
  translateBodyLinks: (translateBodyLinks) => ({
    type: 'AppBodyLinkTranslationChanged',
    data: { translateBodyLinks },
  }),
  hsts: (hsts) => ({ type: 'AppHstsChanged', data: { hsts } }),
  corsRules: (corsRules) => ({ type: 'AppCorsRulesChanged', data: { corsRules } }),
  sessionAffinity: (sessionAffinity) => ({ type: 'AppSessionAffinityChanged', data: { sessionAffinity } }),
  allowWebSocket: (allowWebSocket) => ({ type: 'AppWebSocketPermissionChanged', data: { allowWebSocket } }),
  allowGrpc: (allowGrpc) => ({ type: 'AppGrpcPermissionChanged', data: { allowGrpc } }),
  maxRequestBodyBytes: (maxRequestBodyBytes) => ({ type: 'AppRequestBodyLimitChanged', data: { maxRequestBodyBytes } }),
  validateBackendCertificate: (validateBackendCertificate) => ({
    type: 'AppBackendCertificateValidationChanged',
    data: { validateBackendCertificate },
  }),
  originCertificateAuthority: (originCertificateAuthority) => ({
    type: 'AppOriginCertificateAuthorityChanged',
    data: { originCertificateAuthority },
  }),
  originClientCertificate: (originClientCertificate) => ({
    type: 'AppOriginClientCertificateChanged',
    data: { originClientCertificate },
  }),
  originProtocol: (originProtocol) => ({ type: 'AppOriginProtocolChanged', data: { originProtocol } }),
  bearerTokens: (bearerTokens) => ({ type: 'AppBearerTokensChanged', data: { bearerTokens } }),
  identityProvider: (identityProvider) => ({ type: 'AppIdentityProviderChanged', data: { identityProvider } }),
  singleSignOn: (singleSignOn) => ({ type: 'AppSingleSignOnChanged', data: { singleSignOn } }),
};

const KEYS = Object.keys(FACTS) as (keyof AppSettings)[];

/**
 * What checked changes come to. Errors: ERR_APP_HOSTS when the places of the app do not hold together any more, ERR_APP_SETTING when it
 * asks nobody to sign in, but is about those who do, or when Kerberos does not go with its places or its protocol to the origin.
 */
export function changedFacts(changes: AppChanges, app: AppSettings): readonly AppFact[] {
  const facts = KEYS.flatMap((key) => changedFact(key, changes, app));
  if (facts.length > 0) {
    const changed = { ...app, ...placesOf(changes), ...signOnOf(changes) };
    requirePlaces(changed);
    requireSignedInUsers(changed);
    requireKerberosFits(changed);
  }
  return facts;
}

function changedFact<Key extends keyof AppSettings>(
  key: Key,
  changes: AppChanges,
  app: AppSettings,
): readonly AppFact[] {
  const value: AppSettings[Key] | undefined = changes[key];
  if (value === undefined || isSame(value, app[key])) return [];
  return [FACTS[key](value, app)];
}

function placesOf({ externalUrl, internalUrl, alternateHosts, segments }: AppChanges): Partial<AppSettings> {
  return {
    ...(externalUrl === undefined ? {} : { externalUrl }),
    ...(internalUrl === undefined ? {} : { internalUrl }),
    ...(alternateHosts === undefined ? {} : { alternateHosts }),
    ...(segments === undefined ? {} : { segments }),
  };
}

function signOnOf({
  preauthentication,
  originProtocol,
  bearerTokens,
  identityProvider,
  singleSignOn,
}: AppChanges): Partial<AppSettings> {
  return {
    ...(preauthentication === undefined ? {} : { preauthentication }),
    ...(originProtocol === undefined ? {} : { originProtocol }),
    ...(bearerTokens === undefined ? {} : { bearerTokens }),
    ...(identityProvider === undefined ? {} : { identityProvider }),
    ...(singleSignOn === undefined ? {} : { singleSignOn }),
  };
}

/** By value: settings are plain JSON. The order of a list counts, that of fields does not. */
function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const [left, right] = [Object.entries(a), new Map(Object.entries(b))];
  return left.length === right.size && left.every(([key, value]) => right.has(key) && isSame(value, right.get(key)));
}
