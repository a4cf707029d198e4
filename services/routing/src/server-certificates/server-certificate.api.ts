import type { z } from 'zod';
import { type changeServerCertificate, serverCertificateAggregate } from '#libs/contracts';
import { handleCommand } from '#libs/events';
import { metadataOf, type RoutingContext, requireId } from '../routing-context.ts';
import { serverCertificateDecider } from './server-certificate.decide.ts';

/** Puts on record who installed or removed which certificate of the gate. The files are the console's to write. */
export async function handleServerCertificateCommand(
  context: RoutingContext,
  request: z.infer<typeof changeServerCertificate.request>,
): Promise<z.infer<typeof changeServerCertificate.reply>> {
  const { command } = request;
  const ref = { tenant: context.tenant, type: serverCertificateAggregate, id: requireId(command.name) };
  const metadata = metadataOf(context, request);
  const { revision } = await handleCommand(context.store, serverCertificateDecider, ref, command, metadata, {});
  return { revision };
}
