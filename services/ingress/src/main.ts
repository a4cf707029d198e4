import { setDefaultHighWaterMark } from 'node:stream';
import { runService } from '#libs/service-host';
import { ingressConfig } from './config.ts';
import { startIngress } from './service.ts';

/** Bytes a socket takes before it says wait: the default of Node.js 22 on, four times that of 20. */
const SOCKET_BUFFER_BYTES = 64 * 1024;

setDefaultHighWaterMark(false, SOCKET_BUFFER_BYTES);
await runService(process, { name: 'ingress', config: ingressConfig, start: startIngress });
