export type AnnouncedApp = {
  readonly id: string;
  readonly name: string;
  readonly externalUrl: string;
  readonly internalUrl: string;
  readonly preauthentication: 'oidc' | 'passthrough';
  readonly connectorGroup: string;
};

export type AnnouncedUser = {
  readonly username: string;
  readonly password: string;
  readonly roles: readonly string[];
  /** Ids of apps. */
  readonly assignedApps: readonly string[];
};

/** The one `ready` line of `npm start -- --json`; tests and tools rely on it. */
export type Announcement = {
  readonly event: 'ready';
  readonly ingressUrl: string;
  readonly portalUrl: string;
  readonly apiUrl: string;
  readonly caFile: string;
  readonly dataDir: string;
  readonly apps: readonly AnnouncedApp[];
  readonly users: readonly AnnouncedUser[];
  /** Ids of identity providers besides the first, that apps may name. */
  readonly furtherIdentityProviders: readonly string[];
  /** Process ids by name, for operators and benchmarks. */
  readonly processes: Readonly<Record<string, number>>;
};
