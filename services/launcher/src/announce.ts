import type { AnnouncedApp, AnnouncedUser, Announcement } from './announcement.ts';

const RESET = '\u001b[0m';
const BOLD = '\u001b[1m';
const DIM = '\u001b[2m';

/** The app that shows a newcomer what an origin gets. */
const SAMPLE_APP = 'dumper';

/** The box `npm start` prints when everything is reachable: where to go first, who can sign in, how to go on. */
export function renderBox(
  announcement: Announcement,
  options: { readonly isTerminal: boolean; readonly dataDirOption?: string },
): string {
  const { isTerminal } = options;
  const dataDir = options.dataDirOption === undefined ? '' : ` --data-dir ${options.dataDirOption}`;
  const bold = (text: string) => (isTerminal ? `${BOLD}${text}${RESET}` : text);
  const dim = (text: string) => (isTerminal ? `${DIM}${text}${RESET}` : text);
  const first = announcement.apps.find((app) => app.name === SAMPLE_APP) ?? announcement.apps[0];
  const nameWidth = Math.max(0, ...announcement.apps.map((app) => app.name.length)) + 2;
  const lines = [
    bold('Sallyport is running'),
    '',
    `Open      ${bold(first?.externalUrl ?? announcement.portalUrl)}`,
    `My apps   ${announcement.portalUrl}`,
    `API       ${announcement.apiUrl}`,
    '',
    bold('Demo users') + dim('  (development identity provider, not for production)'),
    ...announcement.users.map((user) => `  ${describeUser(user, announcement.apps)}`),
    '',
    bold('Apps'),
    ...announcement.apps.map(
      (app) => `  ${app.name.padEnd(nameWidth)}${app.externalUrl}  ${dim(app.preauthentication)}`,
    ),
    '',
    dim('The browser will warn about the certificate: it comes from your own CA,'),
    dim(announcement.caFile),
    '',
    `Publish your own:  ${bold(`npx sallyport publish http://localhost:3000${dataDir}`)}`,
    ...announcement.furtherIdentityProviders.map(
      (id) => `Signed in by "${id}": add ${bold(`--identity-provider ${id}`)}`,
    ),
    `Stop:              ${bold('Ctrl-C')}`,
  ];
  return box(lines);
}

function describeUser(user: AnnouncedUser, apps: readonly AnnouncedApp[]): string {
  const names = user.assignedApps.map((id) => apps.find((app) => app.id === id)?.name ?? id);
  const rights = user.roles.length > 0 ? 'administrator' : 'employee';
  return `${user.username.padEnd(8)} password ${user.password.padEnd(8)} ${rights.padEnd(14)} ${names.length > 0 ? `may open ${names.join(', ')}` : 'assigned to no app'}`;
}

function box(lines: readonly string[]): string {
  const width = Math.max(...lines.map(visibleLength));
  const edge = '─'.repeat(width + 2);
  const rows = lines.map((line) => `│ ${line}${' '.repeat(width - visibleLength(line))} │`);
  return [`┌${edge}┐`, ...rows, `└${edge}┘`, ''].join('\n');
}

function visibleLength(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences take no room on a terminal
  return text.replace(/\u001b\[\d+m/g, '').length;
}
