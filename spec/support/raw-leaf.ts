import { connect as connectTls } from 'node:tls';
import { nkeyFromSeed, parseCredentials } from '#libs/nats-identity';
import { until } from './until.ts';

export type RawLeafOptions = {
  readonly port: number;
  /** Text of a credentials file. */
  readonly credentials: string;
  /** Client certificate chain and key, PEM. */
  readonly certificate: string;
  readonly privateKey: string;
  readonly ca: string;
  /** Name the leaf reports. Default `probe`. */
  readonly name?: string;
  /** More fields of the CONNECT line, for example a forged `version`. */
  readonly connectFields?: Readonly<Record<string, unknown>>;
};

/** A peer that speaks the leaf protocol itself, with no nats-server to restrain it. */
export type RawLeaf = {
  /** Protocol lines seen, without messages. */
  readonly lines: readonly string[];
  /** Subject and payload of every message seen. */
  readonly messages: readonly (readonly [subject: string, payload: string])[];
  readonly isClosed: () => boolean;
  /** The `-ERR` lines, joined. */
  readonly errors: () => string;
  readonly subscribe: (subject: string, queue?: string) => void;
  readonly publish: (subject: string, payload: string) => void;
  /** Resolves when the hub has worked on everything sent so far, or the link is closed. */
  readonly settled: () => Promise<void>;
  readonly end: () => void;
};

const LINK_DEADLINE_MS = 8_000;

/** Resolves once the hub accepted the link; rejects with what it said otherwise. */
export async function connectRawLeaf(options: RawLeafOptions): Promise<RawLeaf> {
  const parsed = parseCredentials(options.credentials);
  if (!parsed) throw new Error('no credentials');
  const { jwt, seed } = parsed;
  const lines: string[] = [];
  const messages: (readonly [string, string])[] = [];
  let isClosed = false;
  let failure: string | undefined;
  let pongs = 0;
  let buffer = '';
  const socket = connectTls({
    host: '127.0.0.1',
    port: options.port,
    servername: 'localhost',
    ca: options.ca,
    cert: options.certificate,
    key: options.privateKey,
  });
  socket.on('error', (error) => {
    failure ??= error.message;
  });
  socket.on('close', () => {
    isClosed = true;
  });
  const greet = (info: string) => {
    const { nonce } = JSON.parse(info) as { nonce: string };
    const sig = Buffer.from(nkeyFromSeed(seed, 'user').sign(Buffer.from(nonce))).toString('base64url');
    const name = options.name ?? 'probe';
    const fields = { jwt, sig, tls_required: true, server_id: `N${name}`, name, version: '2.15.1', headers: true };
    const connect = { ...fields, compression: 'off', proto: 1, remote_account: 'X', ...options.connectFields };
    socket.write(`CONNECT ${JSON.stringify(connect)}\r\nPING\r\n`);
  };
  const onLine = (line: string) => {
    lines.push(line);
    if (line === 'PING') socket.write('PONG\r\n');
    else if (line === 'PONG') pongs += 1;
    else if (line.startsWith('-ERR')) failure ??= line;
    else if (line.startsWith('INFO') && lines.filter((one) => one.startsWith('INFO')).length === 1)
      greet(line.slice(5));
  };
  socket.on('data', (data) => {
    buffer += data.toString('latin1');
    for (let end = buffer.indexOf('\r\n'); end >= 0; end = buffer.indexOf('\r\n')) {
      const line = buffer.slice(0, end);
      const size = /^[LH]MSG .* (\d+)$/.exec(line)?.[1];
      if (size === undefined) {
        buffer = buffer.slice(end + 2);
        onLine(line);
        continue;
      }
      const length = Number(size);
      if (buffer.length < end + 4 + length) return;
      messages.push([line.split(' ')[1] ?? '', buffer.slice(end + 2, end + 2 + length)]);
      buffer = buffer.slice(end + 4 + length);
    }
  });
  await until(() => pongs > 0 || isClosed || failure !== undefined, { deadlineMs: LINK_DEADLINE_MS });
  if (pongs === 0) {
    socket.destroy();
    throw new Error(failure ?? 'closed before ready');
  }
  return {
    lines,
    messages,
    isClosed: () => isClosed,
    errors: () => lines.filter((line) => line.startsWith('-ERR')).join(' '),
    subscribe: (subject, queue) => socket.write(queue ? `LS+ ${subject} ${queue} 1\r\n` : `LS+ ${subject}\r\n`),
    publish: (subject, payload) => socket.write(`LMSG ${subject} ${payload.length}\r\n${payload}\r\n`),
    settled: async () => {
      const before = pongs;
      socket.write('PING\r\n');
      await until(() => pongs > before || isClosed, { deadlineMs: LINK_DEADLINE_MS });
    },
    end: () => socket.destroy(),
  };
}
