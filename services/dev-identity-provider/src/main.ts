import process from 'node:process';
import { runService } from '#libs/service-host';
import { devIdentityProvider } from './service.ts';

await runService(process, devIdentityProvider);
