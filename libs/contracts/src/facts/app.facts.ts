import { z } from 'zod';
import type { AggregateType, Fact } from '#libs/events';
import { connectorGroupId } from '../ids.ts';

export const DEFAULT_BACKEND_TIMEOUT_SECONDS = 85;
export const LONG_BACKEND_TIMEOUT_SECONDS = 180;
export const MAX_BACKEND_TIMEOUT_SECONDS = 3600;

export const preauthentication = z.enum(['oidc', 'passthrough']);

/** Flags of the access cookie. Secure is always on: the `__Host-` prefix demands it (RFC 6265bis). */
export const cookieFlags = z.object({
  httpOnly: z.boolean(),
  persistent: z.boolean(),
  sameSite: z.enum(['lax', 'strict', 'none']),
});
export type CookieFlags = z.infer<typeof cookieFlags>;

/** What an admin decides about an app. URLs are absolute, normalized, and end in `/`. */
export const appSettings = z.object({
  name: z.string().min(1).max(120),
  internalUrl: z.string().max(2048),
  externalUrl: z.string().max(2048),
  preauthentication,
  connectorGroupId,
  backendTimeoutSeconds: z.number().int().min(1).max(MAX_BACKEND_TIMEOUT_SECONDS),
  cookieFlags,
  translateHeaders: z.boolean(),
  validateBackendCertificate: z.boolean(),
});
export type AppSettings = z.infer<typeof appSettings>;

/** Stable directory ids (Entra `oid` of a user, id of a group); never names or addresses, which can change hands. */
const principalId = z.string().min(1).max(128);

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
  | Fact<'AppUserAssigned', { readonly userId: string }>
  | Fact<'AppUserUnassigned', { readonly userId: string }>
  | Fact<'AppGroupAssigned', { readonly groupId: string }>
  | Fact<'AppGroupUnassigned', { readonly groupId: string }>
  | Fact<'AppRetired', Record<string, never>>;

const v1 = <T extends z.ZodType>(schema: T) => ({ version: 1, schema });

export const appAggregate: AggregateType<AppFact> = {
  context: 'routing',
  thing: 'app',
  facts: {
    AppPublished: v1(appSettings),
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
    AppUserAssigned: v1(z.object({ userId: principalId })),
    AppUserUnassigned: v1(z.object({ userId: principalId })),
    AppGroupAssigned: v1(z.object({ groupId: principalId })),
    AppGroupUnassigned: v1(z.object({ groupId: principalId })),
    AppRetired: v1(z.object({})),
  },
};
