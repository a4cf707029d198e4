import type { ProblemText } from '../texts.ts';

const MAYBE = 'Your request may have reached the app. Check before you send it again.';
const APP = '`sallyport apps show <app>` shows the internal URL.';
const LOG = 'The log of the connector, by the request id: it names the exact cause.';

export const originTexts = {
  'origin-dns': {
    title: 'The app cannot be found',
    detail: 'The connector could not find the app: its internal host name does not resolve.',
    cause:
      'The tunnel is fine. On the machine of the connector the name server knows no address for the host of the internal URL.',
    look: [APP, 'On the machine of the connector: `getent hosts <host>`, and the name servers it uses.', LOG],
  },
  'origin-refused': {
    title: 'The app is not running',
    detail: 'The connector could not reach the app: the connection was refused. The app may not be running.',
    advice: 'Try again in a minute. If it lasts, tell the owner of the app.',
    cause: 'The tunnel is fine. The machine of the app answered that nothing listens on that port.',
    look: [
      'Whether the app runs, and on which address and port it listens.',
      `${APP} From the machine of the connector it has to answer: \`curl -v <internal URL>\`.`,
    ],
  },
  'origin-tls': {
    title: 'The app cannot be trusted',
    detail: 'The connector does not trust the TLS certificate of the app, or no TLS connection was possible.',
    cause:
      'The tunnel is fine. Between connector and origin the TLS handshake failed: the certificate has expired, is made for another name, or comes from a CA that the connector does not know; or the port does not speak TLS.',
    look: [
      `${LOG} On the machine of the connector: \`openssl s_client -connect <host:port> -servername <host>\`.`,
      '`sallyport apps change <app> --origin-ca <file>` names the CA of the app; `--origin-client-certificate` what the connector shows of itself. `--validate-certificate off` gives up the check and is for tests.',
    ],
  },
  'origin-connect-timeout': {
    title: 'The app does not pick up',
    detail: 'The connector could not reach the app in time.',
    advice: 'Try again in a minute. If it lasts, tell the owner of the app.',
    cause:
      'The tunnel is fine. The connector got no answer to its attempt to connect: a firewall drops it, the machine is off, or it takes no more connections. The app has seen nothing of the request.',
    look: [
      'Firewalls between connector and app.',
      `${APP} From the machine of the connector: \`curl -v <internal URL>\`.`,
    ],
  },
  'origin-unreachable': {
    title: 'The network of the app cannot be reached',
    detail: 'The connector could not reach the app: there is no way through the network.',
    cause:
      'The tunnel is fine. The machine of the connector has no route to the address of the app, or may not use it.',
    look: ['Routes, VPN and network interfaces of the machine of the connector.', LOG],
  },
  'origin-timeout': {
    title: 'The app did not answer in time',
    detail: 'The app was reached but did not answer within the time set for it.',
    advice: MAYBE,
    cause:
      'The tunnel is fine. The origin took the connection, but sent nothing for as long as the backend timeout of the app (85 s unless set otherwise). The connector closed the connection.',
    look: [
      'The app itself: why it takes so long.',
      '`sallyport apps change <app> --timeout long` (or seconds, up to 3600) for apps that compute for long.',
    ],
  },
  'origin-aborted': {
    title: 'The app broke off its answer',
    detail: 'The app closed the connection before it had answered.',
    advice: MAYBE,
    cause:
      'The tunnel is fine. The origin closed or reset the connection in the middle of the request, without a whole answer. When the answer had begun, the connection of the user is cut instead, so that nobody takes half of it for all.',
    look: ['The log of the app, and whether it was restarted or ran out of memory.', LOG],
  },
  'origin-invalid': {
    title: 'The app gave an answer that cannot be used',
    detail: 'The answer of the app breaks the rules of HTTP.',
    cause:
      'The tunnel is fine. What the origin sent cannot be read as HTTP, or not in one way only. It is never passed on.',
    look: [
      `${LOG} \`curl -v <internal URL>\` shows the answer.`,
      'Whether the port of the internal URL speaks HTTP, or rather HTTPS or something else.',
    ],
  },
  'origin-head-too-large': {
    title: 'The app sent too large a head',
    detail: 'The header fields in the answer of the app are larger than the connector accepts.',
    advice: 'Deleting the cookies of this site sometimes helps.',
    cause:
      'The tunnel is fine. The head of the answer has more bytes or fields than the connector takes and the tunnel carries.',
    look: ['`curl -sD- -o /dev/null <internal URL>`: which field is so large, often Set-Cookie.', LOG],
  },
  'kerberos-unavailable': {
    title: 'The app’s sign-in service cannot be reached',
    detail:
      'The app takes Kerberos tickets, and the connector could not get one for you. Nothing is sent to the app without a ticket.',
    advice: 'Try again in a minute. If it lasts, tell your administrator.',
    cause:
      'The tunnel is fine. The connector gets a ticket for each request of the user, and got none: no domain controller (KDC) answered within 5 s, too many requests wait for it, the keytab is missing, unreadable or out of date, or the host has no Kerberos library.',
    look: [
      `${LOG} It names the KDC’s answer, the keytab or the library.`,
      'On the machine of the connector: `KRB5_TRACE=/dev/stderr kinit -k -t <secrets folder>/kerberos.keytab <account>`. The clocks of connector and domain have to agree within 5 minutes.',
      'The Debian package `libgssapi-krb5-2`, and `kerberos.keytab` in the secrets folder of the connector, mode 0600.',
    ],
  },
  'kerberos-delegation-refused': {
    title: 'The domain gives no ticket for the app',
    detail: 'The domain did not let the connector sign you in to the app. Nothing is sent to the app without a ticket.',
    cause:
      'The tunnel is fine. The domain knows the user, but gives the connector’s account no ticket in their name for the service principal name of the app: the name is unknown, the account may not delegate to it, or the user is marked as not to be delegated.',
    look: [
      `${LOG} It names the service principal name and the user.`,
      'The list of services the connector’s account may delegate to (Active Directory: `msDS-AllowedToDelegateTo`, with any authentication protocol; MIT over LDAP: `krbAllowedToDelegateTo` and `+ok_to_auth_as_delegate`).',
      'Whether only some users are concerned: “Account is sensitive and cannot be delegated”, or the group Protected Users.',
    ],
  },
  'kerberos-user-refused': {
    title: 'The domain does not know you',
    detail:
      'The domain of the app has no account for you, or it is disabled. Nothing is sent to the app without a ticket.',
    cause:
      'The tunnel is fine. The name that the app’s settings make of the user is no account of the Kerberos realm, or one that is disabled or expired.',
    look: [
      `${LOG} It names the user as the domain was asked for them.`,
      '`sallyport apps change <app> --delegated-login upn|user-part|claim`, and the realm: which name the domain knows people by.',
    ],
  },
  'assertion-refused': {
    title: 'The connector could not check who you are',
    detail: 'The connector got no valid proof of who you are, so it did not sign you in to the app.',
    cause:
      'The tunnel is fine. For Kerberos the connector believes auth alone: the signed assertion of the request was missing, expired, made for another app or service principal name, or signed with a key the connector does not know (yet).',
    look: [
      `${LOG} It says what is wrong with the assertion.`,
      'The clock of the connector’s machine. Right after a change of the app’s single sign-on: try again in a minute.',
      'If it lasts: who else may reach the hub with the credentials of an ingress.',
    ],
  },
} as const satisfies Record<string, ProblemText>;
