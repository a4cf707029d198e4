import type { RunningService, ServiceDefinition } from '#libs/service-host';
import { type SampleAppsConfig, sampleAppsConfig } from './config.ts';
import { createDumper } from './dumper.ts';
import { listen } from './listen.ts';
import { createStatusPage } from './status.ts';
import { createAssertionVerifier } from './verify-assertion.ts';

const DRAIN_MS = 5_000;

/** Two small apps to publish: they stand for what a company has inside. For development. */
export async function startSampleApps(config: SampleAppsConfig): Promise<RunningService> {
  const verifier = await createAssertionVerifier(config.assertion);
  const dumper = await listen('dumper', config.host, config.dumper.port, createDumper(verifier));
  const status = await listen('status page', config.host, config.status.port, createStatusPage(Date.now())).catch(
    async (error: unknown) => {
      await dumper.close(0);
      throw error;
    },
  );
  let verifierClosed: Promise<void> | undefined;
  const end = async (deadlineMs: number) => {
    await Promise.all([dumper.close(deadlineMs), status.close(deadlineMs)]);
    verifierClosed ??= verifier.close();
    await verifierClosed;
  };
  return {
    ready: { dumper: `http://${config.host}:${dumper.port}/`, status: `http://${config.host}:${status.port}/` },
    drain: () => end(DRAIN_MS),
    stop: () => end(0),
  };
}

export const sampleApps: ServiceDefinition<SampleAppsConfig> = {
  name: 'sample-apps',
  config: sampleAppsConfig,
  start: (config) => startSampleApps(config),
};
