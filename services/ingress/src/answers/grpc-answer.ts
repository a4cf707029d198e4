import type { Exchange } from '../pipeline/exchange.ts';
import { fieldOf } from './request-preferences.ts';

const GRPC = /^application\/grpc(?:-web)?(?:-text)?(?:\+[a-z0-9.-]+)?$/;
const UNKNOWN = 2;
/** From gRPC's own table for clients that meet an HTTP status (doc/http-grpc-status-mapping.md); what it leaves out is UNKNOWN. */
const GRPC_STATUS: Readonly<Record<number, number>> = {
  400: 13,
  401: 16,
  403: 7,
  404: 12,
  429: 14,
  502: 14,
  503: 14,
  504: 14,
};
const MESSAGE_CHARACTER = /[^\x20-\x24\x26-\x7e]/gu;

/** Whether a gRPC client asks: it understands only an answer in its own terms. */
export function isGrpc(exchange: Exchange): boolean {
  const [type = ''] = fieldOf(exchange, 'content-type').split(';', 1);
  return exchange.method === 'POST' && GRPC.test(type.trim().toLowerCase());
}

/** Fields of a "Trailers-Only" answer: gRPC states failures in `grpc-status`, under HTTP status 200 and without a body. */
export function grpcFields(exchange: Exchange, status: number, message: string): string[] {
  const [type = ''] = fieldOf(exchange, 'content-type').split(';', 1);
  const encoded = message.replace(MESSAGE_CHARACTER, (character) => encodeURIComponent(character));
  return ['Content-Type', type.trim(), 'grpc-status', String(GRPC_STATUS[status] ?? UNKNOWN), 'grpc-message', encoded];
}
