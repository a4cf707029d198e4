import type { Command } from './command.ts';
import { accessCommands } from './commands/access.ts';
import { appCommands } from './commands/apps.ts';
import { certificateCommands } from './commands/certificates.ts';
import { connectorCommands } from './commands/connectors.ts';
import { eventCommands } from './commands/events.ts';
import { explainCommand } from './commands/explain.ts';
import { groupCommands } from './commands/groups.ts';
import { limitCommands } from './commands/limits.ts';
import { locationCommands } from './commands/locations.ts';
import { policyCommands } from './commands/policies.ts';
import { publish } from './commands/publish.ts';
import { replayCommand } from './commands/replay.ts';
import { serviceTokenCommands } from './commands/service-tokens.ts';
import { sessionCommands } from './commands/sessions.ts';
import { signInCommands } from './commands/sign-in.ts';
import { status } from './commands/status.ts';
import { userCommands } from './commands/users.ts';

/** In the order of the help. */
export const COMMANDS: readonly Command[] = [
  publish,
  ...appCommands,
  ...groupCommands,
  ...connectorCommands,
  ...certificateCommands,
  ...limitCommands,
  ...policyCommands,
  ...locationCommands,
  ...userCommands,
  ...sessionCommands,
  ...serviceTokenCommands,
  ...eventCommands,
  ...accessCommands,
  explainCommand,
  replayCommand,
  ...signInCommands,
  status,
];
