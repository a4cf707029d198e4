const OWN_KEY = 'sallyport=';
/** W3C Trace Context, 3.3.1.1: a list has at most 32 members; those at the end are the oldest. */
const MAX_OTHER_MEMBERS = 31;

/**
 * The tracestate for the origin (W3C Trace Context, 3.3): the request id is our member and stands first, so that a trace leads
 * to the page, the log and the access record of the same request. `earlier` is that of a trace which goes on, or empty.
 */
export function traceState(requestId: string, earlier: string): string {
  const own = `${OWN_KEY}${requestId}`;
  if (earlier === '') return own;
  const others = earlier
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '' && !member.startsWith(OWN_KEY));
  return [own, ...others.slice(0, MAX_OTHER_MEMBERS)].join(',');
}
