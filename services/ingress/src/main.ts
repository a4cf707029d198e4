import { runService } from '#libs/service-host';
import { ingressConfig } from './config.ts';
import { startIngress } from './service.ts';

await runService(process, { name: 'ingress', config: ingressConfig, start: startIngress });
