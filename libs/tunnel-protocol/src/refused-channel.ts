import type { ChannelFailure, ChannelHandlers, ClientChannel } from './channel.ts';
import type { FailureReason } from './reasons.ts';

/** A channel that never was: reports its failure once the caller holds it. */
export function refusedChannel(handlers: ChannelHandlers, reason: FailureReason, text: string): ClientChannel {
  const failure: ChannelFailure = {
    reason,
    retryClass: 'not-dispatched',
    mayRetry: reason !== 'head-too-large' && reason !== 'malformed',
    connectorId: undefined,
    refusal: undefined,
    dispatches: 0,
    text,
  };
  let isOpen = true;
  queueMicrotask(() => {
    if (!isOpen) return;
    isOpen = false;
    handlers.onFailure(failure);
  });
  return {
    id: '',
    connectorId: undefined,
    dispatches: 0,
    get isOpen() {
      return isOpen;
    },
    receiveBody: () => undefined,
    pause: () => undefined,
    resume: () => undefined,
    write: () => true,
    end: () => undefined,
    cancel: () => {
      isOpen = false;
    },
  };
}
