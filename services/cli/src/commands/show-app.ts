import type { ShownApp } from '#libs/contracts';
import type { CommandContext } from '../command.ts';

/** One app with all its settings, as a table or JSON. */
export async function showApp(context: CommandContext, view: ShownApp): Promise<undefined> {
  const demo = (await context.connection()).developmentUsers ?? [];
  const nameOf = (id: string) => demo.find(({ userId }) => userId === id)?.username ?? id;
  const rows = [
    ['name', view.name],
    ['id', view.id],
    ['status', view.status],
    ['external URL', view.externalUrl],
    ...view.alternateHosts.map((host) => ['alternate host', host]),
    ['internal URL', view.internalUrl],
    ...segmentRows(view),
    ['sign-in', view.preauthentication === 'oidc' ? 'required (oidc)' : 'none (passthrough)'],
    ['connector group', view.connectorGroupId],
    ['backend timeout', `${view.backendTimeoutSeconds} s`],
    ['idle timeout', `${view.idleTimeoutSeconds} s`],
    ['access cookie', describeCookie(view)],
    ['header translation', onOff(view.translateHeaders)],
    ['link translation', onOff(view.translateBodyLinks)],
    ['HSTS', describeHsts(view)],
    ...corsRows(view),
    ['session affinity', onOff(view.sessionAffinity)],
    ['WebSocket', onOff(view.allowWebSocket)],
    ['gRPC', onOff(view.allowGrpc)],
    ['request body limit', view.maxRequestBodyBytes === null ? 'off' : `${view.maxRequestBodyBytes} bytes`],
    ['backend certificate check', onOff(view.validateBackendCertificate)],
    ['origin authorities', describeAuthority(view)],
    ['origin client certificate', view.originClientCertificate ?? 'none'],
    ['origin protocol', view.originProtocol],
    ['identity provider', view.identityProvider ?? 'the first'],
    ['access tokens', describeTokens(view)],
    ...view.singleSignOn.claimHeaders.map(({ header, claim }) => ['claim header', `${header} from ${claim}`]),
    ['origin authorization', describeAuthorization(view)],
    ['users', view.users.map(nameOf).join(', ') || 'none'],
    ['groups', view.groups.join(', ') || 'none'],
    ['app roles', view.roles.join(', ') || 'none'],
    ['revision', String(view.revision)],
  ];
  context.out.result(view, () => context.out.table(['setting', 'value'], rows, ''));
  return undefined;
}

function onOff(value: boolean): string {
  return value ? 'on' : 'off';
}

function segmentRows({ segments }: ShownApp): readonly string[][] {
  if (segments === null) return [];
  if (segments.length === 0) return [['segments', 'none left: nothing is published']];
  return segments.map(({ externalUrl, internalUrl }) => ['segment', `${externalUrl} to ${internalUrl}`]);
}

function describeCookie({ cookieFlags }: ShownApp): string {
  const { httpOnly, persistent, sameSite } = cookieFlags;
  return `HttpOnly ${onOff(httpOnly)}, persistent ${onOff(persistent)}, SameSite ${sameSite}`;
}

function describeHsts({ hsts }: ShownApp): string {
  if (hsts === null) return "off (the origin's own passes)";
  return `${hsts.maxAgeSeconds} s${hsts.includeSubDomains ? ', with subdomains' : ''}`;
}

function corsRows({ corsRules }: ShownApp): readonly string[][] {
  if (corsRules.length === 0) return [['CORS', 'no rule: answered by the app itself']];
  return corsRules.map(({ resource, allowedOrigins, allowCredentials }) => [
    'CORS rule',
    `${resource} for ${allowedOrigins.join(', ')}${allowCredentials ? ', with cookies' : ''}`,
  ]);
}

function describeAuthority({ originCertificateAuthority: pem }: ShownApp): string {
  if (pem === null) return 'those the connector trusts';
  const count = pem.split('-----BEGIN CERTIFICATE-----').length - 1;
  return count === 1 ? 'one certificate' : `${count} certificates`;
}

function describeTokens({ bearerTokens }: ShownApp): string {
  if (bearerTokens === null) return 'not taken';
  const { audience, scope, header } = bearerTokens;
  return `for ${audience} with scope ${scope}, in ${header}`;
}

function describeAuthorization({ singleSignOn: { authorization } }: ShownApp): string {
  if (authorization === null) return 'what the client sends';
  switch (authorization.kind) {
    case 'basic':
      return `Basic as ${authorization.username}, password ${authorization.password}`;
    case 'bearer':
      return `Bearer, token ${authorization.token}`;
    case 'token-exchange': {
      const { tokenEndpoint, clientId, audience, scope } = authorization;
      const purpose = [audience === null ? '' : ` for ${audience}`, scope === null ? '' : ` with ${scope}`].join('');
      return `token exchange at ${tokenEndpoint} as ${clientId}${purpose}`;
    }
    case 'kerberos': {
      const { servicePrincipalName, delegatedLogin, claim, realm, mechanism } = authorization;
      const login = delegatedLogin === 'claim' ? `claim ${claim}` : delegatedLogin;
      return `Kerberos to ${servicePrincipalName} by ${login} in ${realm ?? 'the default realm'} (${mechanism})`;
    }
    default:
      return authorization satisfies never;
  }
}
