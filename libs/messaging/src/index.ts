export { type AccountConnections, connectAccounts } from './connect-accounts.ts';
export { type BrokerAccess, brokerAccess, connectBroker } from './connect-broker.ts';
export { type CallOptions, callEndpoint, type ServeOptions, serveEndpoint } from './endpoints.ts';
export { publishFeed, subscribeFeed } from './feeds.ts';
