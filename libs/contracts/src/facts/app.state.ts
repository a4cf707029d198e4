import type { AppFact } from './app.facts.ts';
import type { AppSettings } from './app-settings.ts';

export type PublishedApp = AppSettings & {
  readonly users: readonly string[];
  readonly groups: readonly string[];
  /** App roles that are assigned: whoever has one of them is. */
  readonly roles: readonly string[];
};

export type AppState =
  | { readonly status: 'absent' }
  | ({ readonly status: 'published' } & PublishedApp)
  | ({ readonly status: 'retired' } & PublishedApp);

export const initialAppState: AppState = { status: 'absent' };

export function evolveApp(state: AppState, fact: AppFact): AppState {
  if (fact.type === 'AppPublished') return { status: 'published', ...fact.data, users: [], groups: [], roles: [] };
  if (state.status === 'absent') return state;
  switch (fact.type) {
    case 'AppRenamed':
    case 'AppInternalUrlChanged':
    case 'AppPreauthenticationChanged':
    case 'AppMovedToConnectorGroup':
    case 'AppBackendTimeoutChanged':
    case 'AppCookieFlagsChanged':
    case 'AppHeaderTranslationChanged':
    case 'AppBackendCertificateValidationChanged':
    case 'AppAlternateHostsChanged':
    case 'AppSegmentsChanged':
    case 'AppIdleTimeoutChanged':
    case 'AppBodyLinkTranslationChanged':
    case 'AppHstsChanged':
    case 'AppCorsRulesChanged':
    case 'AppSessionAffinityChanged':
    case 'AppWebSocketPermissionChanged':
    case 'AppGrpcPermissionChanged':
    case 'AppRequestBodyLimitChanged':
    case 'AppOriginCertificateAuthorityChanged':
    case 'AppOriginClientCertificateChanged':
    case 'AppOriginProtocolChanged':
    case 'AppBearerTokensChanged':
    case 'AppIdentityProviderChanged':
    case 'AppSingleSignOnChanged':
      return { ...state, ...fact.data };
    case 'AppExternalUrlChanged':
      return { ...state, externalUrl: fact.data.externalUrl };
    case 'AppUserAssigned':
      return { ...state, users: withMember(state.users, fact.data.userId) };
    case 'AppUserUnassigned':
      return { ...state, users: withoutMember(state.users, fact.data.userId) };
    case 'AppGroupAssigned':
      return { ...state, groups: withMember(state.groups, fact.data.groupId) };
    case 'AppGroupUnassigned':
      return { ...state, groups: withoutMember(state.groups, fact.data.groupId) };
    case 'AppRoleAssigned':
      return { ...state, roles: withMember(state.roles, fact.data.role) };
    case 'AppRoleUnassigned':
      return { ...state, roles: withoutMember(state.roles, fact.data.role) };
    case 'AppRetired':
      return { ...state, status: 'retired' };
    default:
      return fact satisfies never;
  }
}

function withMember(members: readonly string[], id: string): readonly string[] {
  return members.includes(id) ? members : [...members, id];
}

function withoutMember(members: readonly string[], id: string): readonly string[] {
  return members.filter((member) => member !== id);
}
