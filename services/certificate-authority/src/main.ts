import process from 'node:process';
import { runService } from '#libs/service-host';
import { certificateAuthority } from './service.ts';

await runService(process, certificateAuthority);
