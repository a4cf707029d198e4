import {
  evolveServerCertificate,
  initialServerCertificateState,
  type ServerCertificateFact,
  type ServerCertificateState,
  type ServerCertificateSummary,
} from '#libs/contracts';
import type { Decider } from '#libs/events';

export type DecideServerCertificateCommand =
  | { readonly type: 'InstallServerCertificate'; readonly certificate: ServerCertificateSummary }
  | { readonly type: 'RemoveServerCertificate' };

/** Records what the files are to be. Nothing new: no facts. */
export function decideServerCertificate(
  command: DecideServerCertificateCommand,
  state: ServerCertificateState,
): readonly ServerCertificateFact[] {
  switch (command.type) {
    case 'InstallServerCertificate':
      if (state.status === 'installed' && state.thumbprint === command.certificate.thumbprint) return [];
      return [{ type: 'ServerCertificateInstalled', data: command.certificate }];
    case 'RemoveServerCertificate':
      return state.status === 'removed' ? [] : [{ type: 'ServerCertificateRemoved', data: {} }];
    default:
      return command satisfies never;
  }
}

export const serverCertificateDecider: Decider<
  DecideServerCertificateCommand,
  ServerCertificateFact,
  ServerCertificateState
> = {
  initialState: initialServerCertificateState,
  evolve: evolveServerCertificate,
  decide: decideServerCertificate,
};
