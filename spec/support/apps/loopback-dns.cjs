// Preloaded into programs that ask the system's resolver for `*.localhost`, which it need not know (RFC 6761).
const dns = require('node:dns');

const systemLookup = dns.lookup;
dns.lookup = (hostname, options, callback) => {
  const given = typeof options === 'function' ? {} : options;
  const done = typeof options === 'function' ? options : callback;
  if (!hostname.endsWith('.localhost')) return systemLookup(hostname, given, done);
  const found = { address: '127.0.0.1', family: 4 };
  return process.nextTick(() => (given.all ? done(null, [found]) : done(null, found.address, found.family)));
};
