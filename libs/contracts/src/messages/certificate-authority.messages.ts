import { z } from 'zod';
import { endpoints } from '../subjects.ts';
import { endpoint } from './endpoint.ts';

/** The certificates others must trust, PEM. */
export const trust = endpoint(
  endpoints.trust,
  z.object({}),
  z.object({ rootCertificate: z.string(), issuingCertificate: z.string() }),
);
