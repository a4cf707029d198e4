import { z } from 'zod';
import type { AggregateType, Fact } from '#libs/events';
import { appId } from '../ids.ts';

/**
 * One aggregate per external URL (id: hash of the normalized URL): the claim makes external URLs unique without one
 * aggregate over all apps (ADR-0005). A claim whose app does not hold the URL is stale and may be taken over.
 */
export type ExternalUrlFact =
  | Fact<'ExternalUrlClaimed', { readonly externalUrl: string; readonly appId: z.infer<typeof appId> }>
  | Fact<'ExternalUrlReleased', { readonly externalUrl: string; readonly appId: z.infer<typeof appId> }>;

const claim = { version: 1, schema: z.object({ externalUrl: z.string().max(2048), appId }) };

export const externalUrlAggregate: AggregateType<ExternalUrlFact> = {
  context: 'routing',
  thing: 'external-url',
  facts: { ExternalUrlClaimed: claim, ExternalUrlReleased: claim },
};

export type ExternalUrlState = { readonly status: 'free' } | { readonly status: 'claimed'; readonly appId: string };

export const initialExternalUrlState: ExternalUrlState = { status: 'free' };

export function evolveExternalUrl(_state: ExternalUrlState, fact: ExternalUrlFact): ExternalUrlState {
  switch (fact.type) {
    case 'ExternalUrlClaimed':
      return { status: 'claimed', appId: fact.data.appId };
    case 'ExternalUrlReleased':
      return { status: 'free' };
    default:
      return fact satisfies never;
  }
}
