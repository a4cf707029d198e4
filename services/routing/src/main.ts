import process from 'node:process';
import { runService } from '#libs/service-host';
import { routingService } from './service.ts';

await runService(process, routingService);
