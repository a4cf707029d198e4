import { runService } from '#libs/service-host';
import { audit } from './service.ts';

await runService(process, audit);
