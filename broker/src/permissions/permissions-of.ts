import { auditPermissions } from './audit.ts';
import { authPermissions } from './auth.ts';
import { certificateAuthorityPermissions } from './certificate-authority.ts';
import { consolePermissions } from './console.ts';
import { ingressPermissions } from './ingress.ts';
import { provisionerPermissions } from './provisioner.ts';
import { routingPermissions } from './routing.ts';
import { siemPermissions } from './siem.ts';
import { throttlingPermissions } from './throttling.ts';
import type { ServicePermissions } from './types.ts';

/** Rights of every service in every account it joins. */
export function permissionsOf(tenant: string): readonly ServicePermissions[] {
  return [
    authPermissions(tenant),
    routingPermissions(tenant),
    throttlingPermissions(tenant),
    certificateAuthorityPermissions(tenant),
    auditPermissions(tenant),
    consolePermissions(tenant),
    ingressPermissions(tenant),
    provisionerPermissions(),
    siemPermissions(),
  ];
}
