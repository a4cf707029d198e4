import type { ProblemText } from '../texts.ts';

const MAYBE = 'Your request may have reached the app. Check before you send it again.';
const CONNECTORS = '`sallyport connectors list` shows which connectors are online, and for which group.';
const LOGS = 'The logs of the ingress and of the connector, by the request id.';

export const connectorTexts = {
  'directory-unavailable': {
    title: 'Starting up',
    detail: 'The ingress has not yet received the list of published apps.',
    advice: 'Try again in a few seconds.',
    cause:
      'Since its start the ingress has not read the app directory from routing. Until then it cannot tell an app from nothing.',
    look: [
      '`sallyport status`: whether routing and the hub run.',
      'The log of the ingress: "started without the app directory".',
    ],
  },
  'no-connector': {
    title: 'No connector is online',
    detail: 'None of the connectors that serve this app is connected at the moment.',
    advice: 'Try again in a minute. If it lasts, tell your administrator.',
    cause:
      'The ingress sent the request into the queue of the connector group, and the hub said that nobody listens there. The request never left the hub.',
    look: [
      CONNECTORS,
      '`sallyport apps show <app>` shows the group of the app.',
      'On the machine of the connector: whether `sallyport connector run` runs, and whether it reaches the hub (outbound, TLS).',
    ],
  },
  'connector-unavailable': {
    title: 'The connectors do not take the request',
    detail: 'The connectors that serve this app refused the request.',
    advice: 'Try again in a minute.',
    cause:
      'Every connector that got the request from the queue sent it back before it touched the origin: it does not know the app yet, or cannot read its settings.',
    look: [
      CONNECTORS,
      'Whether the connectors belong to the group of the app: `sallyport apps show <app>`.',
      'The log of the connector, by the request id.',
    ],
  },
  'connector-lost': {
    title: 'The connection to the connector broke',
    detail: 'The connector that worked on this request was lost before the app answered.',
    advice: MAYBE,
    cause:
      'A connector had taken the request, then its heartbeat failed for 5 s, or it started anew. Requests that may run twice went to another connector; this one may not, or that failed as well.',
    look: [CONNECTORS, 'The log and the network of the connector named in the access record.'],
  },
  'too-many-channels': {
    title: 'Too many requests at once',
    detail: 'The ingress works on as many requests as it can.',
    advice: 'Try again in a minute.',
    cause:
      'An ingress holds at most 10,000 open channels. As many requests wait for their origins, or run on, such as WebSockets and event streams.',
    look: ['`sallyport access tail`: which app is slow.', 'Another ingress, when this is the usual load.'],
  },
  'connector-unresponsive': {
    title: 'The connectors cannot be reached',
    detail: 'No connector took the request in time.',
    advice: 'Try again in a minute. If it lasts, tell your administrator.',
    cause:
      'The hub handed the request to the queue of the group, but nobody took it within the accept deadline (1 s), each time it was tried. The leaf link of a connector hangs, or its process does. The origin has seen nothing of the request.',
    look: [CONNECTORS, 'CPU and network of the machine of the connector.', LOGS],
  },
  'connector-draining': {
    title: 'The connectors are being restarted',
    detail: 'The connectors that serve this app are finishing their work and take nothing new.',
    advice: 'Try again in a few seconds.',
    cause:
      'The connectors of the group drain at the same time. Restart them one after the other, and no request meets this.',
    look: [CONNECTORS, 'How upgrades and restarts of the connectors are scheduled.'],
  },
  'connector-busy': {
    title: 'The connectors are busy',
    detail: 'The connectors that serve this app work on as many requests as they can.',
    advice: 'Try again in a minute.',
    cause: 'Every connector that got the request refused it for lack of capacity, before it touched the origin.',
    look: [
      '`sallyport access tail`: whether the origin has become slow, so that requests pile up.',
      'Another connector in the group of the app: `sallyport connectors assign <connector> <group>`.',
    ],
  },
  'connector-silent': {
    title: 'The connector fell silent',
    detail: 'The connector that worked on this request does not answer any more.',
    advice: MAYBE,
    cause:
      'Nothing came on the channel for 15 s and no answer to a probe within 10 s more. The process is frozen, or its link is cut without either side having noticed.',
    look: [CONNECTORS, 'Firewalls that drop idle connections silently.', LOGS],
  },
  'tunnel-gap': {
    title: 'A part of the transmission was lost',
    detail: 'A packet between ingress and connector was lost, so the request was broken off.',
    advice: MAYBE,
    cause:
      'Packets of a channel are numbered; one is missing. That happens when a leaf link or the hub broke in the middle of the request. A wrong answer is never pieced together.',
    look: ['The log of the hub: lost or slow connections.', CONNECTORS],
  },
  'tunnel-violation': {
    title: 'Ingress and connector do not understand each other',
    detail: 'The transmission between ingress and connector broke its own rules and was ended.',
    cause:
      'A packet that cannot be read, bytes beyond the credit, or a request that names no path of the app. Versions that do not fit together, or a fault of ours.',
    look: ['The versions of ingress and connector.', LOGS],
  },
  'connector-failed': {
    title: 'The connector failed',
    detail: 'The connector met a fault of its own while it worked on this request.',
    advice: MAYBE,
    cause: 'An unexpected error in the connector, not in the app. Its log has the cause.',
    look: [LOGS, 'Please report it, with the log.'],
  },
  'tunnel-stopped': {
    title: 'Sallyport was stopped',
    detail: 'The ingress or the connector was stopped while it worked on this request.',
    advice: MAYBE,
    cause: 'The time to drain was over and the request was still running, so it was cut.',
    look: ['How long the drain may take (`drainMs`), against the longest requests of the app.'],
  },
} as const satisfies Record<string, ProblemText>;
