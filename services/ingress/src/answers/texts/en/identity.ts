import type { ProblemText } from '../texts.ts';

const AGAIN = 'Open the app again to start over.';

export const identityTexts = {
  'user-unauthenticated': {
    title: 'Sign in first',
    detail: 'You are not signed in to this app.',
    advice: 'Open the app in your browser and sign in, then try again.',
    cause:
      'The request came without an access cookie of this app, and it was not a page that a browser opens (such as fetch, XMLHttpRequest, WebSocket, a form, or a program), so that it could not be led through the sign-in. `signInUrl` in the answer is where a person signs in. No connector was asked.',
    look: [
      'Whether the program sends cookies: fetch needs `credentials`, another host needs its own sign-in.',
      'An app for programs without sign-in can be published with `--passthrough`; then the origin has to check who asks.',
    ],
  },
  'auth-unavailable': {
    title: 'Sign-in is not available',
    detail: 'The sign-in service of Sallyport does not answer, so nobody can be let in at the moment.',
    advice: 'This is not about your account. Try again in a minute.',
    cause:
      'The ingress asked auth over the hub and got no answer, an error, or so many questions wait already (`maxPendingDecisions` at once, 4,000 more for up to 5 s) that this one was not asked. Decisions that are cached still hold; without one nobody gets through.',
    look: ['`sallyport status`: whether auth runs.', 'The log of auth and of the ingress, by the request id.'],
  },
  'user-unauthorized': {
    title: 'You have no access to this app',
    detail: 'You are signed in, but access to this app was denied.',
    advice: 'If you need this app, ask for access and give the receipt below.',
    cause:
      'Auth decided: deny. The receipt names the decision, with its inputs, in the event stream. No connector was asked.',
    look: [
      '`sallyport apps show <app>` shows which users, groups and app roles are assigned.',
      '`sallyport explain <receipt>` shows the decision with its reasons.',
      '`sallyport apps assign <app> --user <user>` gives access, for the next request on.',
    ],
  },
  'sign-in-failed': {
    title: 'Sign-in did not succeed',
    detail: 'The sign-in was refused.',
    advice: 'Start again from your app or from your apps page.',
    cause: 'The identity provider answered the sign-in with an error, or auth refused to go on with it.',
    look: [
      'The sign-in log of the identity provider, at the time on the page.',
      '`sallyport events tail` shows refused sign-ins with their reason.',
    ],
  },
  'cross-site-request': {
    title: 'Sent from another site',
    detail: 'This request was sent by another site than this one and was refused.',
    advice: 'Do it from your apps page instead.',
    cause:
      'Ending a session takes a form of this very host. The fields `Sec-Fetch-Site` or `Origin` say that the request came from elsewhere.',
    look: ['Pages or browser extensions that post to our addresses.'],
  },
  'session-expired': {
    title: 'Your session is over',
    detail: 'You were signed in, but that session has ended or expired.',
    advice: 'Reload the page to sign in again.',
    cause:
      'The access cookie that came with the request cannot be used any more: the session has expired, was ended by sign-out or by an administrator, or the keys of the cookies were changed. A page that a browser opens is led to the sign-in; a program gets this answer, with `signInUrl`.',
    look: ['`sallyport sessions list --all` shows sessions and how they ended.'],
  },
  'sign-in-interrupted': {
    title: 'This sign-in cannot go on',
    detail: `The sign-in took too long, was finished before, or began in another browser. ${AGAIN}`,
    advice: 'Do not use the back button or a stored address of a sign-in page.',
    cause:
      'What a sign-in needs in order to go on (a sealed link, a cookie of this browser, a one-time ticket) is missing, too old, used or changed. This is what defends a sign-in against being passed on to somebody else.',
    look: [
      'The reason in the access record: `sallyport access tail --request <request id>`.',
      'Cookies that the browser blocks, and clocks that differ by minutes.',
    ],
  },
  'identity-provider-unavailable': {
    title: 'The identity provider does not answer',
    detail: 'The identity provider of your organization cannot be reached or gives no usable answer.',
    advice: 'This is not about your account. Try again in a minute.',
    cause:
      'Auth calls the identity provider for its metadata, keys and tokens. That call failed. Sessions that are signed in go on.',
    look: [
      'The log of auth, by the request id: it names address and cause.',
      'Proxy, DNS and certificates of the machine that runs auth.',
    ],
  },
  'identity-rejected': {
    title: 'Your identity could not be confirmed',
    detail: 'The answer of the identity provider was refused, because it does not prove who you are.',
    advice: 'Start again. If it happens again, tell your administrator.',
    cause:
      'Auth checks signature, issuer, audience, times and nonce of what the identity provider sends. One of these does not hold.',
    look: [
      'The reason in the access record, and the log of auth, by the request id.',
      'The registration of Sallyport at the identity provider: client id, redirect URI, group claims.',
      'The clock of the machine that runs auth.',
    ],
  },
  'access-revoked': {
    title: 'Your access has ended',
    detail: 'While this request was running, your session ended or the app was taken from you.',
    advice: 'Sign in again. If the app does not open, ask for access.',
    cause:
      'A revocation reached the ingress while the request ran. It asked auth again, and the answer was no. What ran at the origin was cancelled.',
    look: [
      '`sallyport sessions list --all`.',
      '`sallyport events tail`: who ended the session or changed the assignment.',
    ],
  },
  'grpc-refused': {
    title: 'This app takes no gRPC',
    detail: 'The program made a gRPC call, which the settings of this app do not allow.',
    cause: 'gRPC is switched off for the app.',
    look: ['`sallyport apps show <app>`; `sallyport apps change <app> --grpc on` switches it on.'],
  },
  'websocket-refused': {
    title: 'This app takes no WebSockets',
    detail: 'The page asked for a WebSocket connection, which the settings of this app do not allow.',
    cause: 'WebSockets are switched off for the app, so the ingress refused the handshake. No connector was asked.',
    look: ['`sallyport apps show <app>`; `sallyport apps change <app> --websocket on` lets them through.'],
  },
  'websocket-cross-site': {
    title: 'Another site may not connect here',
    detail:
      'A page of another site asked for a WebSocket connection to this app, which the rules of the app do not allow.',
    cause:
      'A browser sends cookies with WebSockets of any site. The field `Origin` of the handshake names neither an address of this app nor a site that its CORS rules trust with credentials, so the ingress refused it. No connector was asked.',
    look: [
      'The CORS rules of the app: `sallyport apps show <app>`. `--cors-origin <origin> --cors-credentials on` lets a site connect; web origins are compared exactly, with scheme and port.',
      'A program that sends an `Origin` of its own can leave it out, or send that of the app.',
      'A site that you do not know: somebody may have tried to act in the name of a signed-in person.',
    ],
  },
  'step-up-required': {
    title: 'Confirm that it is you',
    detail: 'You are signed in, but this app asks for one more proof of who you are, or for a newer sign-in.',
    advice: 'Open the app in a window of its own: you are asked only for what is missing.',
    cause:
      'A conditional access policy asks for an authentication context that the session does not have, or for a newer sign-in. A page that a browser opens is led to the sign-in; a frame, a script or a program gets this answer. `contexts` and `maxAgeMinutes` in it are what is missing, also in `WWW-Authenticate` (`insufficient_claims`). No connector was asked.',
    look: [
      '`sallyport explain <receipt>` names the policy, its clause, and what is missing.',
      'Whether the identity provider gives the authentication context (claim `acrs`) to this user.',
      'A program that can sign in again: with the `claims` of the challenge in its request for a token.',
    ],
  },
  'step-up-not-met': {
    title: 'This sign-in is not enough',
    detail: 'A policy asks for more than this sign-in has brought.',
    advice: 'Open the app again and complete what you are asked for, such as the second method.',
    cause:
      'A conditional access policy asked for an authentication context, or for a newer sign-in. The identity provider came back without it, so the user was not sent round once more. What the session had before stays as it was.',
    look: [
      'Whether the identity provider knows the authentication context, and gives it to this user (claim `acrs`).',
      'Its sign-in log, at the time on the page: which methods the user has, and whether they were asked for.',
      '`sallyport events tail --types AccessChallenged` shows the decision that asked for it; `sallyport explain` its policies.',
    ],
  },
  'policy-denied': {
    title: 'A policy does not allow this',
    detail: 'You are signed in, but a conditional access policy of your organization does not let you in from here.',
    advice: 'If you need this app, turn to your administrator and give the receipt below.',
    cause:
      'Auth evaluated the conditional access policies: one that applies blocks, asks for what a sign-in cannot bring (such as a compliant device), or needs something that is not known (reason `policy-input-missing`): nobody passes a policy because it could not look. No connector was asked.',
    look: [
      '`sallyport explain <receipt>` names the policy, its clause, and what would have allowed it.',
      'The reason in the access record: `sallyport access tail --request <request id>`.',
    ],
  },
  'groups-unknown': {
    title: 'Your groups are not known',
    detail:
      'You are signed in, but you are in more groups than your identity provider lists, so it is not known whether this app is yours.',
    advice: 'Signing in again does not help. Turn to your administrator and give the receipt below.',
    cause:
      'The app is assigned to groups, and the token of the sign-in lists none: it says that there are too many (`_claim_names` or `hasgroups`; Entra ID does so above 200). Auth never takes that for "no groups": the person is assigned neither by user nor by app role, so the answer is no. No connector was asked.',
    look: [
      'At Entra ID, *Token configuration > groups claim*: "Groups assigned to the application" in place of "Security groups" or "All" (docs/entra-id.md, step 1.5). It counts from the next sign-in on.',
      'App roles in place of groups: `sallyport apps assign <app> --role <value>` (docs/entra-id.md, step 1.8).',
      'At once, for one person: `sallyport apps assign <app> --user <user>`.',
    ],
  },
  'sign-on-refused': {
    title: 'You could not be signed on to this app',
    detail: 'You are signed in and may open this app, but Sallyport cannot sign you on to it.',
    advice: 'Signing in again does not help. Turn to your administrator and give the receipt below.',
    cause:
      'The app has single sign-on with a secret. Either auth cannot open the sealed secret (reason `single-sign-on-secret-unreadable`: its key `origin-secret-keys.json` was lost or replaced), or the token service gave no token for this person or this client (`single-sign-on-refused`, RFC 8693), or the app signs in by Kerberos and nothing known of this person or program is a name in its domain (`single-sign-on-no-login`). A request without its header is never sent: no connector was asked. The receipt leads to the decision, which had granted.',
    look: [
      'The sentence above names the token service and its error; the log of auth has both (`no token for the origin`).',
      '`sallyport apps show <app>`: user name, client, token service, audience. Give the secret again: `sallyport apps change <app> --origin-auth … --origin-secret -`.',
      'At the token service: may this client exchange tokens, does it trust the assertions (docs/single-sign-on.md), does it know the person? What is mended works within 5 s.',
    ],
  },
  'sign-on-unavailable': {
    title: 'The token service of this app is not available',
    detail:
      'You are signed in and may open this app, but the service that gives tokens for it does not answer as it should.',
    advice: 'Try again in a moment.',
    cause:
      'Auth asks the token service of the app for an access token (OAuth 2.0 token exchange) and got none: it could not be reached, did not answer within 4 s, redirected, or answered with something else than a bearer token. A request without its header is never sent: no connector was asked.',
    look: [
      'The log of auth: `no token for the origin`, with the token service and what was wrong; outcome `not-asked`: too many exchanges are under way, it was away three times in a row, or no time was left.',
      'Auth calls the token service itself, not through a connector: the address must be reachable from where auth runs, and its certificate trusted there.',
    ],
  },
  'app-retired': {
    title: 'This app is no longer published',
    detail: 'The app was taken off the network.',
    cause: 'Auth knows the app as retired. The ingress had not yet heard of it.',
    look: ['`sallyport apps list --retired`.'],
  },
  'cors-refused': {
    title: 'Another site may not ask this',
    detail:
      'A script of another site asked this app for something that the rules of the app do not allow to that site.',
    cause:
      'The browser asked beforehand (CORS preflight) and the ingress answered no, by the CORS rules of the app: its origin, the method or a header field is not allowed. The origin saw nothing of it.',
    look: [
      'The reason in the access record: `sallyport access tail --request <request id>`.',
      'The CORS rules of the app: `sallyport apps show <app>`. Web origins are compared exactly, with scheme and port.',
    ],
  },
} as const satisfies Record<string, ProblemText>;
