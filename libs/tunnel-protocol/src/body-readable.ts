import { Readable } from 'node:stream';
import { SallyportError } from '#libs/errors';
import type { BodySource, FieldList } from './channel.ts';

export type BodyReadableOptions = {
  /** The stream was destroyed before its end: cancel the channel here. */
  readonly onDestroyed: () => void;
  readonly onTrailers?: (trailers: FieldList) => void;
};

/**
 * A body as a Node stream, for convenience: the byte path proper uses the callbacks. Attaches itself as the consumer.
 * A failed channel destroys the stream with ERR_TUNNEL_ABORTED, reason in the details.
 */
export function toReadable(source: BodySource, options: BodyReadableOptions): Readable {
  let isOver = false;
  const readable = new Readable({
    read: () => source.resume(),
    destroy: (error, done) => {
      if (!isOver) options.onDestroyed();
      isOver = true;
      done(error);
    },
  });
  source.receiveBody({
    onData: (chunk) => {
      if (!readable.push(chunk)) source.pause();
    },
    onEnd: (trailers) => {
      isOver = true;
      options.onTrailers?.(trailers);
      readable.push(null);
    },
    onAbort: (reason) => {
      isOver = true;
      readable.destroy(new SallyportError('ERR_TUNNEL_ABORTED', `channel ended: ${reason}`, { details: { reason } }));
    },
  });
  return readable;
}
