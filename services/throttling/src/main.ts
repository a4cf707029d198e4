import { runService } from '#libs/service-host';
import { throttling } from './service.ts';

await runService(process, throttling);
