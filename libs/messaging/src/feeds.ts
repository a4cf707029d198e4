import type { NatsConnection } from 'nats';
import type { z } from 'zod';
import type { Feed } from '#libs/contracts';
import type { Logger } from '#libs/telemetry';

export function publishFeed<Message extends z.ZodType>(
  nc: NatsConnection,
  tenant: string,
  feed: Feed<Message>,
  message: z.input<Message>,
): void {
  nc.publish(feed.subject(tenant), JSON.stringify(message));
}

/** Calls back for every message that fits the contract; one that does not is logged and dropped. */
export function subscribeFeed<Message extends z.ZodType>(
  nc: NatsConnection,
  tenant: string,
  feed: Feed<Message>,
  onMessage: (message: z.infer<Message>) => void,
  options: { readonly logger: Logger },
): { stop(): void } {
  const subject = feed.subject(tenant);
  const subscription = nc.subscribe(subject, {
    callback: (error, msg) => {
      if (error) return options.logger.error('feed subscription failed', { subject, error });
      try {
        onMessage(feed.message.parse(msg.json()));
      } catch (failure) {
        options.logger.error('feed message dropped', { subject, error: failure });
      }
    },
  });
  return { stop: () => subscription.unsubscribe() };
}
