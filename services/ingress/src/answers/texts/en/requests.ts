import type { ProblemText } from '../texts.ts';

const PARSER =
  'The ingress read the bytes of the request, refused them and closed the connection. No origin saw any of it.';
const RECORD =
  'The exact finding stands as the reason in the access record: `sallyport access tail --request <request id>`; when there is none, in the log of the ingress, by the request id.';
const CLIENT = 'The program that sent the request, and every proxy between it and the ingress.';

export const requestTexts = {
  'bad-request': {
    title: 'This request cannot be read',
    detail: 'The request breaks the rules of HTTP, or can be read in more than one way, and was refused.',
    cause: `${PARSER} What two programs on the way could read differently is refused once, here, and never guessed at.`,
    look: [RECORD, CLIENT],
  },
  'unknown-host': {
    title: 'Nothing here',
    detail: 'There is nothing at this address.',
    advice: 'Check the address for typing errors.',
    cause:
      'No app is published under this host name, or it was retired. The ingress knows this from the app directory; no connector was asked.',
    look: [
      '`sallyport apps list` shows the external URL of every published app, `--retired` those that were taken off.',
      'A name server that sends a wrong name, or a whole zone, to the ingress.',
    ],
  },
  'unknown-path': {
    title: 'Page not found',
    detail: 'There is no such page here.',
    advice: 'Check the address for typing errors, or start from your apps.',
    cause:
      'The host is one of ours, but no app of it is published under this path, or the path is spelled so that an origin could read it as the path of another app. No connector was asked.',
    look: [
      '`sallyport apps list`: apps that share a host differ by the path of their external URL; the longest path wins.',
      'Doubled slashes, escaped slashes and other case in the address.',
    ],
  },
  'method-not-allowed': {
    title: 'Not possible this way',
    detail: 'This address cannot be asked with this method.',
    cause:
      'The ingress answers this address itself and knows only the methods named in `Allow`; or the method is CONNECT or TRACE, which no app ever gets.',
    look: ['The `Allow` field of the answer.', CLIENT],
  },
  'target-too-long': {
    title: 'The address is too long',
    detail: 'The address of this request is longer than the ingress accepts.',
    cause: `${PARSER} The bound is \`maxTargetBytes\` of the ingress, 16 KiB unless set otherwise.`,
    look: ['Forms that send with GET what belongs into a POST.', CLIENT],
  },
  'head-too-large': {
    title: 'Too much in the request head',
    detail: 'The request carries more header fields or cookies than the ingress accepts.',
    advice: 'Deleting the cookies of this site often helps.',
    cause: `${PARSER} The bounds are \`maxHeaderBytes\` (64 KiB) and \`maxHeaderCount\` (200 fields) of the ingress; what goes into the tunnel has to fit into one packet.`,
    look: ['The number and size of the cookies of this host, in the browser.', 'Apps that keep data in cookies.'],
  },
  'request-timeout': {
    title: 'The request took too long to arrive',
    detail: 'The rest of the request did not arrive in time.',
    advice: 'Check your connection and try again.',
    cause:
      'The ingress waits `headerTimeoutMs` (10 s) for a request head and `bodyIdleTimeoutMs` (120 s) for the next bytes of a body. Senders that are slower are cut, so that they hold nothing up.',
    look: ['The network between the user and the ingress.', 'A client that announces more bytes than it sends.'],
  },
  'unsupported-encoding': {
    title: 'Unknown transfer coding',
    detail: 'The request body is encoded in a way the ingress does not know.',
    cause: `${PARSER} The only transfer coding there is between user and ingress is \`chunked\`, once.`,
    look: [CLIENT],
  },
  'host-invalid': {
    title: 'The request names no single host',
    detail: 'The Host field of the request is missing, stands there twice, or is no host name.',
    cause: `${PARSER} Without exactly one Host the app cannot be told.`,
    look: [RECORD, CLIENT],
  },
  'host-mismatch': {
    title: 'The request names two hosts',
    detail: 'The address of the request and its Host field name different hosts.',
    cause: `${PARSER} A request whose target and Host disagree could reach another app than the one that was checked.`,
    look: [CLIENT],
  },
  'length-invalid': {
    title: 'The length of the request is unclear',
    detail: 'The request states the length of its body wrongly, twice, or together with a transfer coding.',
    cause: `${PARSER} Where two programs disagree about the end of a body, a second request can be hidden in it (request smuggling).`,
    look: [RECORD, CLIENT],
  },
  'target-invalid': {
    title: 'The address cannot be read',
    detail: 'The address of the request holds characters or escapes that have no place there.',
    cause: `${PARSER} Backslashes, control characters, fragments and broken escapes are read differently by different origins.`,
    look: [RECORD, CLIENT],
  },
  'target-traversal': {
    title: 'The address leads out of the site',
    detail: 'The address of the request climbs above the root, or hides a step upwards.',
    cause: `${PARSER} Some origins would take the hidden step and leave the folder that was published.`,
    look: [
      RECORD,
      'Whether somebody is searching for holes: `sallyport access tail` shows address and user of every request.',
    ],
  },
  'field-invalid': {
    title: 'The request head cannot be read',
    detail: 'A header field of the request has a wrong name, a forbidden character, a fold, or a bare line end.',
    cause: `${PARSER} Fields of this kind are taken apart differently by different programs.`,
    look: [RECORD, CLIENT],
  },
  'body-malformed': {
    title: 'The request body cannot be read',
    detail: 'The chunks of the request body do not have the sizes they state.',
    cause:
      'The body broke off in the middle of the request. What had reached the origin was ended as broken, never as complete, and the connection was closed.',
    look: [RECORD, CLIENT],
  },
  'request-too-large': {
    title: 'The request is too large',
    detail: 'The body of the request is larger than this app accepts.',
    cause:
      'The bound for request bodies of this app, which is off unless somebody set it, was passed. A length that was stated beforehand is refused before the app sees anything; without one the upload is cut at the bound.',
    look: ['`sallyport apps show <app>` shows the bound, `sallyport apps change <app> --max-body <bytes>` moves it.'],
  },
  'version-unsupported': {
    title: 'Unknown version of HTTP',
    detail: 'The request is written in a version of HTTP that the ingress does not speak on this connection.',
    cause: `${PARSER} HTTP/1.0 and HTTP/1.1 are spoken in this form.`,
    look: [CLIENT],
  },
  'request-too-slow': {
    title: 'The upload was too slow',
    detail: 'What was being sent arrived too slowly, so the request was ended.',
    advice: 'Check your connection and try again.',
    cause:
      'While the ingress was ready to take it, the request body came at less than `bodyMinBytesPerSecond` (240 bytes a second on average) after a grace of `bodyGraceMs` (10 s). Time in which a slow app or connector held the upload back does not count. A sender that was faster before may rest for `bodyIdleTimeoutMs` (120 s). WebSockets, gRPC and HTTP/2 requests whose answer has begun are not measured.',
    look: [
      'The network between the user and the ingress.',
      'Clients that keep an upload open and send little, such as a log in chunks: a WebSocket or single requests suit that; or set `bodyMinBytesPerSecond` of the ingress lower, 0 for no limit.',
      'Whether somebody holds places on purpose: `sallyport access tail` shows the address.',
    ],
  },
  'expectation-failed': {
    title: 'Unknown expectation',
    detail: 'The Expect field of the request asks for something that is not done here.',
    cause: `${PARSER} The only expectation there is in HTTP is \`100-continue\`: the program waits with the body until it is asked for.`,
    look: ['The `Expect` field that the program sends: leave it out, or write `100-continue`.', CLIENT],
  },
} as const satisfies Record<string, ProblemText>;
