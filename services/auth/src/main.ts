import process from 'node:process';
import { runService } from '#libs/service-host';
import { authService } from './service.ts';

await runService(process, authService);
