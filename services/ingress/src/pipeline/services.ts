import type { Logger } from '#libs/telemetry';
import type { ChannelHandlers, ClientChannel, OpenRequest } from '#libs/tunnel-protocol';
import type { IngressLimits } from '../config.ts';
import type { Counters } from '../counters.ts';
import type { Decisions } from '../decisions/decision-cache.ts';
import type { AppDirectory } from '../directory/app-directory.ts';
import type { ClientAddressReader } from '../listener/client-address.ts';
import type { RequestIds } from '../listener/request-ids.ts';
import type { AccessRecorder } from '../records/access-recorder.ts';
import type { RecordBudget } from '../records/record-budget.ts';
import type { AuthPort } from '../sign-in/auth-port.ts';
import type { Admission } from '../throttling/admission.ts';
import type { AppWatch } from './app-watch.ts';
import type { OpenSockets } from './open-sockets.ts';
import type { StallWatch } from './stall-watch.ts';

/** What the pipeline needs of one tenant. */
export type TenantServices = {
  readonly tenant: string;
  readonly directory: AppDirectory;
  /** False until the first app directory was read. */
  isDirectoryLoaded(): boolean;
  /** False while the connection to the hub is lost: what fails then is nobody else's doing. */
  isHubConnected(): boolean;
  readonly admission: Admission;
  readonly decisions: Decisions;
  readonly appWatch: AppWatch;
  readonly auth: AuthPort;
  readonly tunnel: { open(request: OpenRequest, handlers: ChannelHandlers): ClientChannel };
  readonly recorder: AccessRecorder;
};

/** What every request may use; made once by service.ts. */
export type IngressServices = {
  readonly ingressId: string;
  /** In the order of the configuration; the first owns the portal and the sign-in host. */
  readonly tenants: readonly [TenantServices, ...TenantServices[]];
  readonly limits: IngressLimits;
  readonly signInHost: string;
  readonly portalHost: string;
  /** The bare domain, and `localhost` where the domain is below it: unless an app is published there. */
  readonly frontDoorHosts: readonly string[];
  /** For example `https://portal.example.com:8443`. */
  readonly portalOrigin: string;
  /** Header fields of every page of our own. */
  readonly pageFields: readonly string[];
  readonly ids: RequestIds;
  readonly readClientAddress: ClientAddressReader;
  readonly recordBudget: RecordBudget;
  readonly stallWatch: StallWatch;
  readonly openSockets: OpenSockets;
  readonly counters: Counters;
  readonly logger: Logger;
  /** While draining every answer closes its connection. */
  isDraining(): boolean;
};
