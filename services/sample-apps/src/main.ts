import { runService } from '#libs/service-host';
import { sampleApps } from './service.ts';

await runService(process, sampleApps);
