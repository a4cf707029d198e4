import type { AggregateType } from '#libs/events';
import { accessDecisionAggregate } from './facts/access-decision.facts.ts';
import { appAggregate } from './facts/app.facts.ts';
import { certificateAggregate } from './facts/certificate.facts.ts';
import { connectorAggregate, connectorPresenceAggregate } from './facts/connector.facts.ts';
import { connectorGroupAggregate } from './facts/connector-group.facts.ts';
import { externalUrlAggregate } from './facts/external-url.facts.ts';
import { limitAggregate } from './facts/limit.facts.ts';
import { policySetAggregate } from './facts/policy-set.facts.ts';
import { connectorRefusalAggregate, signInRefusalAggregate } from './facts/security.facts.ts';
import { serverCertificateAggregate } from './facts/server-certificate.facts.ts';
import { serviceTokenAggregate } from './facts/service-token.facts.ts';
import { userAggregate } from './facts/user.facts.ts';
import { userSessionAggregate } from './facts/user-session.facts.ts';

/** Every kind of aggregate there is: what a reader of the whole stream must be able to read. */
export const EVENT_TYPES: readonly AggregateType[] = [
  accessDecisionAggregate,
  appAggregate,
  certificateAggregate,
  connectorAggregate,
  connectorGroupAggregate,
  connectorPresenceAggregate,
  connectorRefusalAggregate,
  externalUrlAggregate,
  limitAggregate,
  policySetAggregate,
  serverCertificateAggregate,
  serviceTokenAggregate,
  signInRefusalAggregate,
  userAggregate,
  userSessionAggregate,
];
