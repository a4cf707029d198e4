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
export type { ServeOptions, TunnelClientOptions, TunnelEvent, TunnelServerOptions } from './options.ts';
export type { CancelPhase, CancelReason, FailureReason, LocalReason, RefuseReason, RetryClass } from './reasons.ts';
export {
  downSubject,
  downWildcard,
  HEARTBEAT_WILDCARD,
  headSubject,
  heartbeatSubject,
  isSubjectId,
  upSubject,
  upWildcard,
} from './subjects.ts';
export type { TransportMessageHandler, TransportSubscription, TunnelTransport } from './transport.ts';
