export { type BodyReadableOptions, toReadable } from './body-readable.ts';
export type {
  BodyConsumer,
  BodySink,
  BodySource,
  ChannelFailure,
  ChannelHandlers,
  ClientChannel,
  ExchangeHandlers,
  FieldList,
  OnRequest,
  OpenRequest,
  RequestHead,
  RespondOptions,
  ResponseHead,
  ServerExchange,
} from './channel.ts';
export { type Choice, type ConnectorLoad, chooseConnector } from './choose-connector.decide.ts';
export { ConnectorSelector, type ConnectorSelectorOptions } from './connector-selector.ts';
export { encodeHeartbeat, type Heartbeat, parseHeartbeat } from './heartbeat.ts';
export { HEARTBEAT_INTERVAL_MS, LOST_AFTER_MS } from './limits.ts';
export { type Liveness, LivenessTable, type Observation } from './liveness-table.ts';
export type { MessageFraming } from './message-framing.ts';
export { type LinkPulse, type NatsTransportOptions, natsTransport } from './nats-transport.ts';
export type { ServeOptions, TunnelClientOptions, TunnelEvent, TunnelServerOptions } from './options.ts';
export type { CancelPhase, CancelReason, FailureReason, LocalReason, RefuseReason, RetryClass } from './reasons.ts';
export {
  downSubject,
  downWildcard,
  HEARTBEAT_WILDCARD,
  headSubject,
  heartbeatConnectorId,
  heartbeatSubject,
  isSubjectId,
  TUNNEL_SUBJECT_PATTERNS,
  upSubject,
  upWildcard,
} from './subjects.ts';
export type { TransportMessageHandler, TransportSubscription, TunnelTransport } from './transport.ts';
export { TunnelClient } from './tunnel-client.ts';
export { TunnelServer } from './tunnel-server.ts';
