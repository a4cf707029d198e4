// @ts-nocheck: functions of Node.js with many forms are replaced by looser ones.
// Preloaded into Node.js programs that others wrote: names below .localhost are this machine (RFC 6761, 6.3), which not
// every resolver knows, and servers that name no address listen on 127.0.0.1 alone.
const dns = require('node:dns');
const net = require('node:net');

const systemLookup = dns.lookup;
dns.lookup = (hostname, options, callback) => {
  const given = typeof options === 'function' ? {} : options;
  const done = typeof options === 'function' ? options : callback;
  if (!hostname.endsWith('.localhost')) return systemLookup(hostname, given, done);
  const found = { address: '127.0.0.1', family: 4 };
  return process.nextTick(() => (given.all ? done(null, [found]) : done(null, found.address, found.family)));
};

// oxlint-disable-next-line typescript/unbound-method -- called with `this` below
const systemListen = net.Server.prototype.listen;
net.Server.prototype.listen = function listen(port, ...rest) {
  const isPort = typeof port === 'number' || /^\d+$/.test(String(port));
  return isPort && typeof rest[0] !== 'string'
    ? systemListen.call(this, Number(port), '127.0.0.1', ...rest)
    : systemListen.call(this, port, ...rest);
};
