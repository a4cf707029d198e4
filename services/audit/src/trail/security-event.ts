import type { Commit } from '#libs/events';
import { concealSealed } from './conceal-sealed.ts';

export type SecurityCategory = 'identity' | 'access' | 'configuration' | 'connector' | 'limit';
export type Severity = 'informational' | 'low' | 'medium' | 'high';

/** What a SIEM gets: one CloudEvent 1.0 (structured mode, JSON) per fact. Extension attributes are lower case (spec 3.1). */
export type SecurityEvent = {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly time: string;
  readonly subject: string;
  readonly datacontenttype: 'application/json';
  readonly category: SecurityCategory;
  readonly severity: Severity;
  /** Position of the commit in EVENTS; grows, so a reader can tell order and gaps of its own making. */
  readonly position: number;
  readonly actorkind: string;
  readonly actorid: string;
  readonly correlationid: string;
  readonly data: unknown;
};

const CATEGORY_BY_THING: Readonly<Record<string, SecurityCategory>> = {
  app: 'configuration',
  'external-url': 'configuration',
  'connector-group': 'configuration',
  connector: 'connector',
  'connector-presence': 'connector',
  certificate: 'connector',
  'user-session': 'identity',
  user: 'identity',
  'service-token': 'identity',
  'access-decision': 'access',
  limit: 'limit',
};

const SEVERITY_BY_FACT: Readonly<Record<string, Severity>> = {
  SignInRefused: 'medium',
  TokenRefused: 'medium',
  AccessDenied: 'medium',
  SignOnRefused: 'medium',
  RegistrationRefused: 'high',
  ConnectorConnectionRefused: 'high',
  ConnectorRevoked: 'medium',
  CertificateRevoked: 'medium',
  ConnectorWentOffline: 'low',
  ConnectorRegistered: 'low',
  LimitExceeded: 'medium',
  UserDisabled: 'medium',
  UserRiskChanged: 'medium',
  SignInRiskChanged: 'medium',
  UserSignedOutEverywhere: 'low',
  ServiceTokenIssued: 'low',
  ServiceTokenRevoked: 'low',
  SessionRefreshFailed: 'low',
  AppPublished: 'low',
  AppRetired: 'low',
  AppPreauthenticationChanged: 'medium',
  // Who gets in, where requests go, and what they carry.
  AppInternalUrlChanged: 'medium',
  AppSingleSignOnChanged: 'medium',
  AppBearerTokensChanged: 'medium',
  AppIdentityProviderChanged: 'medium',
};

/** Every fact of a commit as a security event. A fact of a kind unknown here is still passed on. */
export function toSecurityEvents(commit: Commit): readonly SecurityEvent[] {
  return commit.facts.map((fact, index) => ({
    specversion: '1.0',
    id: `${commit.position}.${index}`,
    source: `/sallyport/${commit.tenant}/${commit.context}`,
    type: `io.sallyport.${commit.thing}.${kebab(fact.type)}`,
    time: commit.metadata.at,
    subject: commit.id,
    datacontenttype: 'application/json',
    category: categoryOf(commit),
    severity: severityOf(fact),
    position: commit.position,
    actorkind: commit.metadata.actor.kind,
    actorid: commit.metadata.actor.id,
    correlationid: commit.metadata.correlationId,
    data: concealSealed(fact.data),
  }));
}

/** Whoever forced a change of policies took one that locks administrators out. */
function severityOf({ type, data }: Commit['facts'][number]): Severity {
  const isForced = typeof data === 'object' && data !== null && 'isForced' in data && data.isForced === true;
  return isForced ? 'high' : (SEVERITY_BY_FACT[type] ?? 'informational');
}

function categoryOf(commit: Commit): SecurityCategory {
  if (commit.thing === 'refusal') return commit.context === 'auth' ? 'identity' : 'connector';
  return CATEGORY_BY_THING[commit.thing] ?? 'configuration';
}

function kebab(factType: string): string {
  return factType.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
}
