import {
  type ChannelFailure,
  type ChannelHandlers,
  type ClientChannel,
  type FieldList,
  type OnRequest,
  type OpenRequest,
  type ResponseHead,
  TunnelClient,
  type TunnelClientOptions,
  type TunnelEvent,
  TunnelServer,
  type TunnelServerOptions,
  type TunnelTransport,
} from '#libs/tunnel-protocol';

export const GROUP = 'group-a';
export const QUEUE = 'secret-queue';

/** Where a pair lives: over memory or over a real server. One transport per process that is played. */
export type TunnelWorld = { transport(): Promise<TunnelTransport>; close(): Promise<void> };

export type Outcome = {
  readonly head: ResponseHead | undefined;
  readonly informational: readonly ResponseHead[];
  readonly body: Buffer;
  readonly trailers: FieldList;
  readonly failure: ChannelFailure | undefined;
  readonly channel: ClientChannel;
};

/** One ingress and any number of connectors, closed together. */
export class TunnelPair {
  readonly events: TunnelEvent[] = [];
  readonly client: TunnelClient;
  readonly servers: TunnelServer[] = [];
  readonly #world: TunnelWorld;

  private constructor(world: TunnelWorld, client: (events: TunnelEvent[]) => TunnelClient) {
    this.#world = world;
    this.client = client(this.events);
  }

  static async create(world: TunnelWorld, options: Partial<TunnelClientOptions> = {}): Promise<TunnelPair> {
    const transport = await world.transport();
    const pair = new TunnelPair(
      world,
      (events) =>
        new TunnelClient({
          sweepIntervalMs: 10,
          ...options,
          transport,
          ingressId: 'ingress-1',
          onEvent: (event) => events.push(event),
        }),
    );
    await transport.flush?.();
    return pair;
  }

  async addConnector(
    connectorId: string,
    onRequest: OnRequest,
    options: Partial<TunnelServerOptions> = {},
  ): Promise<TunnelServer> {
    const transport = await this.#world.transport();
    const onEvent = (event: TunnelEvent): void => {
      this.events.push(event);
    };
    const server = new TunnelServer({ sweepIntervalMs: 10, onEvent, ...options, transport, connectorId, onRequest });
    this.servers.push(server);
    server.serve({ group: GROUP, queue: QUEUE });
    await transport.flush?.();
    return server;
  }

  /** Send one request and collect everything until its end or failure. */
  fetch(request: Partial<OpenRequest> = {}, options: { readonly body?: Buffer } = {}): Promise<Outcome> {
    const { body } = options;
    return new Promise((resolve) => {
      const chunks: Uint8Array[] = [];
      const informational: ResponseHead[] = [];
      let head: ResponseHead | undefined;
      const done = (failure: ChannelFailure | undefined, trailers: FieldList): void =>
        resolve({ head, informational, body: Buffer.concat(chunks), trailers, failure, channel });
      const channel = this.open(
        { hasBody: body !== undefined, ...request },
        {
          onHead: (received) => {
            head = received;
            channel.receiveBody({
              onData: (chunk) => chunks.push(chunk),
              onEnd: (trailers) => done(undefined, trailers),
            });
          },
          onFailure: (failure) => done(failure, []),
          onInformational: (received) => informational.push(received),
          onBodyWanted: () => {
            if (body !== undefined) channel.write(body);
            channel.end();
          },
        },
      );
    });
  }

  open(request: Partial<OpenRequest>, handlers: ChannelHandlers): ClientChannel {
    const head = { method: 'GET', target: '/', fields: ['host', 'app.example'] };
    return this.client.open({ group: GROUP, head, hasBody: false, ...request }, handlers);
  }

  async close(): Promise<void> {
    await this.client.stop();
    await Promise.all(this.servers.map((server) => server.stop()));
    await this.#world.close();
  }
}

/** Wait for a condition, checked every few milliseconds, at most `deadlineMs`. */
export async function until(condition: () => boolean, what: string, deadlineMs = 5_000): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export function head(method: string, target = '/'): OpenRequest['head'] {
  return { method, target, fields: ['host', 'app.example'] };
}

/** An origin that answers at once. */
export function answering(status: number, body: string): OnRequest {
  return (exchange) => {
    exchange.onceConfirmed(() => {
      exchange.respondHead(status, ['content-type', 'text/plain'], { hasBody: body !== '' });
      if (body !== '') exchange.write(Buffer.from(body));
      exchange.end();
    });
    return { onCancel: () => undefined };
  };
}

/** A connector that takes requests and says nothing: not even that it took them. */
export const mute: OnRequest = () => ({ onCancel: () => undefined });

/** An origin that sends back what it gets, at the pace of the reader. */
export const echoing: OnRequest = (exchange) => {
  exchange.onceConfirmed(() => {
    exchange.respondHead(200, []);
    exchange.receiveBody({
      onData: (chunk) => {
        if (!exchange.write(chunk)) exchange.pause();
      },
      onEnd: (trailers) => exchange.end(trailers),
    });
  });
  return { onDrain: () => exchange.resume(), onCancel: () => undefined };
};

/** An origin that sends `total` bytes in chunks as fast as it may; `produce` makes chunk number i. */
export function streaming(
  total: number,
  produce: (index: number, bytes: number) => Buffer,
  chunkBytes = 65_536,
): OnRequest {
  return (exchange) => {
    let sent = 0;
    let index = 0;
    const pump = (): void => {
      while (sent < total && exchange.isOpen) {
        const bytes = Math.min(chunkBytes, total - sent);
        sent += bytes;
        if (!exchange.write(produce(index++, bytes)) && sent < total) return;
      }
      exchange.end();
    };
    exchange.onceConfirmed(() => {
      exchange.respondHead(200, ['content-length', String(total)]);
      pump();
    });
    return { onDrain: pump, onCancel: () => undefined };
  };
}
