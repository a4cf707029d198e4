import { LossyBroker } from './lossy-transport.ts';
import { describeTunnelContract } from './tunnel.contract.ts';

describeTunnelContract('memory', async () => {
  const broker = new LossyBroker();
  return { transport: async () => broker.transport(), close: async () => undefined };
});
