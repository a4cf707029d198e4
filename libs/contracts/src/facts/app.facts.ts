import { z } from 'zod';
import type { AggregateType, Fact } from '#libs/events';
import { type AppSettings, appSettings, type CookieFlags, SETTINGS_SINCE_V2 } from './app-settings.ts';

/** Stable directory ids (Entra `oid` of a user, id of a group); never names or addresses, which can change hands. */
const principalId = z.string().min(1).max(128);
/** Value of an app role, as the identity provider writes it in tokens (Entra `roles`). */
const appRole = z.string().min(1).max(128);

export type AppFact =
  | Fact<'AppPublished', AppSettings>
  | Fact<'AppRenamed', { readonly name: string }>
  | Fact<'AppInternalUrlChanged', { readonly internalUrl: string }>
  | Fact<'AppExternalUrlChanged', { readonly externalUrl: string; readonly previousExternalUrl: string }>
  | Fact<'AppPreauthenticationChanged', { readonly preauthentication: AppSettings['preauthentication'] }>
  | Fact<'AppMovedToConnectorGroup', { readonly connectorGroupId: AppSettings['connectorGroupId'] }>
  | Fact<'AppBackendTimeoutChanged', { readonly backendTimeoutSeconds: number }>
  | Fact<'AppCookieFlagsChanged', { readonly cookieFlags: CookieFlags }>
  | Fact<'AppHeaderTranslationChanged', { readonly translateHeaders: boolean }>
  | Fact<'AppBackendCertificateValidationChanged', { readonly validateBackendCertificate: boolean }>
  | Fact<'AppAlternateHostsChanged', Pick<AppSettings, 'alternateHosts'>>
  | Fact<'AppSegmentsChanged', Pick<AppSettings, 'segments'>>
  | Fact<'AppIdleTimeoutChanged', Pick<AppSettings, 'idleTimeoutSeconds'>>
  | Fact<'AppBodyLinkTranslationChanged', Pick<AppSettings, 'translateBodyLinks'>>
  | Fact<'AppHstsChanged', Pick<AppSettings, 'hsts'>>
  | Fact<'AppCorsRulesChanged', Pick<AppSettings, 'corsRules'>>
  | Fact<'AppSessionAffinityChanged', Pick<AppSettings, 'sessionAffinity'>>
  | Fact<'AppWebSocketPermissionChanged', Pick<AppSettings, 'allowWebSocket'>>
  | Fact<'AppGrpcPermissionChanged', Pick<AppSettings, 'allowGrpc'>>
  | Fact<'AppRequestBodyLimitChanged', Pick<AppSettings, 'maxRequestBodyBytes'>>
  | Fact<'AppOriginCertificateAuthorityChanged', Pick<AppSettings, 'originCertificateAuthority'>>
  | Fact<'AppOriginClientCertificateChanged', Pick<AppSettings, 'originClientCertificate'>>
  | Fact<'AppOriginProtocolChanged', Pick<AppSettings, 'originProtocol'>>
  | Fact<'AppBearerTokensChanged', Pick<AppSettings, 'bearerTokens'>>
  | Fact<'AppIdentityProviderChanged', Pick<AppSettings, 'identityProvider'>>
  | Fact<'AppSingleSignOnChanged', Pick<AppSettings, 'singleSignOn'>>
  | Fact<'AppUserAssigned', { readonly userId: string }>
  | Fact<'AppUserUnassigned', { readonly userId: string }>
  | Fact<'AppGroupAssigned', { readonly groupId: string }>
  | Fact<'AppGroupUnassigned', { readonly groupId: string }>
  | Fact<'AppRoleAssigned', { readonly role: string }>
  | Fact<'AppRoleUnassigned', { readonly role: string }>
  | Fact<'AppRetired', Record<string, never>>;

const v1 = <T extends z.ZodType>(schema: T) => ({ version: 1, schema });

export const appAggregate: AggregateType<AppFact> = {
  context: 'routing',
  thing: 'app',
  facts: {
    AppPublished: { version: 3, schema: appSettings },
    AppRenamed: v1(appSettings.pick({ name: true })),
    AppInternalUrlChanged: v1(appSettings.pick({ internalUrl: true })),
    AppExternalUrlChanged: v1(
      z.object({ externalUrl: z.string().max(2048), previousExternalUrl: z.string().max(2048) }),
    ),
    AppPreauthenticationChanged: v1(appSettings.pick({ preauthentication: true })),
    AppMovedToConnectorGroup: v1(appSettings.pick({ connectorGroupId: true })),
    AppBackendTimeoutChanged: v1(appSettings.pick({ backendTimeoutSeconds: true })),
    AppCookieFlagsChanged: v1(appSettings.pick({ cookieFlags: true })),
    AppHeaderTranslationChanged: v1(appSettings.pick({ translateHeaders: true })),
    AppBackendCertificateValidationChanged: v1(appSettings.pick({ validateBackendCertificate: true })),
    AppAlternateHostsChanged: v1(appSettings.pick({ alternateHosts: true })),
    AppSegmentsChanged: v1(appSettings.pick({ segments: true })),
    AppIdleTimeoutChanged: v1(appSettings.pick({ idleTimeoutSeconds: true })),
    AppBodyLinkTranslationChanged: v1(appSettings.pick({ translateBodyLinks: true })),
    AppHstsChanged: v1(appSettings.pick({ hsts: true })),
    AppCorsRulesChanged: v1(appSettings.pick({ corsRules: true })),
    AppSessionAffinityChanged: v1(appSettings.pick({ sessionAffinity: true })),
    AppWebSocketPermissionChanged: v1(appSettings.pick({ allowWebSocket: true })),
    AppGrpcPermissionChanged: v1(appSettings.pick({ allowGrpc: true })),
    AppRequestBodyLimitChanged: v1(appSettings.pick({ maxRequestBodyBytes: true })),
    AppOriginCertificateAuthorityChanged: v1(appSettings.pick({ originCertificateAuthority: true })),
    AppOriginClientCertificateChanged: v1(appSettings.pick({ originClientCertificate: true })),
    AppOriginProtocolChanged: v1(appSettings.pick({ originProtocol: true })),
    AppBearerTokensChanged: v1(appSettings.pick({ bearerTokens: true })),
    AppIdentityProviderChanged: v1(appSettings.pick({ identityProvider: true })),
    AppSingleSignOnChanged: v1(appSettings.pick({ singleSignOn: true })),
    AppUserAssigned: v1(z.object({ userId: principalId })),
    AppUserUnassigned: v1(z.object({ userId: principalId })),
    AppGroupAssigned: v1(z.object({ groupId: principalId })),
    AppGroupUnassigned: v1(z.object({ groupId: principalId })),
    AppRoleAssigned: v1(z.object({ role: appRole })),
    AppRoleUnassigned: v1(z.object({ role: appRole })),
    AppRetired: v1(z.object({})),
  },
  upcast: upcastApp,
};

/** Earlier versions of AppPublished lack the settings that came later: such an app goes on as it was. */
function upcastApp(type: string, version: number, data: unknown): { type: string; data: unknown } {
  if (type !== 'AppPublished' || version > 2 || typeof data !== 'object') return { type, data };
  return { type, data: { ...SETTINGS_SINCE_V2, ...data } };
}
