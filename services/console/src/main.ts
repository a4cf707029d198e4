import process from 'node:process';
import { runService } from '#libs/service-host';
import { consoleService } from './service.ts';

await runService(process, consoleService);
