import type { z } from 'zod';

/** One request/reply endpoint of a service: both sides check what they get against these schemas. */
export type Endpoint<Request extends z.ZodType, Reply extends z.ZodType> = {
  readonly subject: (tenant: string) => string;
  readonly request: Request;
  readonly reply: Reply;
};

/** A pushed message: the publisher types it, every subscriber parses it. */
export type Feed<Message extends z.ZodType> = {
  readonly subject: (tenant: string) => string;
  readonly message: Message;
};

export function endpoint<Request extends z.ZodType, Reply extends z.ZodType>(
  subject: (tenant: string) => string,
  request: Request,
  reply: Reply,
): Endpoint<Request, Reply> {
  return { subject, request, reply };
}

export function feed<Message extends z.ZodType>(subject: (tenant: string) => string, message: Message): Feed<Message> {
  return { subject, message };
}
