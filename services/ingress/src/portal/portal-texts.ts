import type { Catalog } from '#libs/pages';

/** Texts of the portal page that are not on any other. */
export type PortalTexts = {
  readonly title: string;
  readonly signedInAs: string;
  readonly signOut: string;
  readonly findApp: string;
  readonly find: string;
  readonly showAll: string;
  readonly openApps: (count: number) => string;
  /** `#` in `many` stands for the count. */
  readonly foundApps: { readonly none: string; readonly one: string; readonly many: string };
  readonly onlyFirst: (max: number) => string;
  readonly openWithoutSignIn: string;
  readonly stepUp: string;
  readonly nothingTitle: string;
  readonly nothing: string;
  readonly sessions: string;
  readonly sessionsLead: string;
  readonly thisSession: string;
  readonly since: string;
  readonly until: string;
  readonly address: string;
  readonly end: string;
  /** Behind `end`, for those who do not see what stands beside it. */
  readonly endWhich: (device: string, address: string) => string;
  readonly signOutHere: string;
  readonly signOutEverywhere: string;
  readonly ended: (count: number) => string;
  readonly absent: string;
  readonly signIns: string;
  readonly signInsLead: string;
  readonly unknownDevice: string;
  readonly on: (program: string, system: string) => string;
};

const english: PortalTexts = {
  title: 'Your apps',
  signedInAs: 'Signed in as',
  signOut: 'Sign out',
  findApp: 'Find an app',
  find: 'Find',
  showAll: 'Show all',
  openApps: (count) => (count === 1 ? 'One app is open to you.' : `${count} apps are open to you.`),
  foundApps: { none: 'No app found.', one: 'One app found.', many: '# apps found.' },
  onlyFirst: (max) => `Only the first ${max} are shown here. Use the search and press Enter to find the others.`,
  openWithoutSignIn: 'Open without sign-in',
  stepUp: 'Asks for further confirmation',
  nothingTitle: 'No apps yet',
  nothing: 'No app is open to you. Your administrator can give you access to the apps you need.',
  sessions: 'Where you are signed in',
  sessionsLead: 'End whatever you do not recognize or no longer use. What runs there is cut at once.',
  thisSession: 'This session',
  since: 'Since',
  until: 'Until',
  address: 'Address',
  end: 'End session',
  endWhich: (device, address) => `: ${device}, ${address}`,
  signOutHere: 'Sign out here',
  signOutEverywhere: 'Sign out everywhere',
  ended: (count) =>
    count === 0
      ? 'That session had ended already.'
      : count === 1
        ? 'The session is ended.'
        : `${count} sessions are ended.`,
  absent: 'You have no such session. Nothing was changed.',
  signIns: 'Last sign-ins',
  signInsLead: 'A sign-in you do not know? Sign out everywhere and tell your administrator.',
  unknownDevice: 'Unknown device',
  on: (program, system) => `${program} on ${system}`,
};

const italian: PortalTexts = {
  title: 'Le tue app',
  signedInAs: 'Accesso come',
  signOut: 'Esci',
  findApp: 'Cerca un’app',
  find: 'Cerca',
  showAll: 'Mostra tutte',
  openApps: (count) => (count === 1 ? 'Puoi aprire una app.' : `Puoi aprire ${count} app.`),
  foundApps: { none: 'Nessuna app trovata.', one: 'Trovata una app.', many: 'Trovate # app.' },
  onlyFirst: (max) => `Qui sono mostrate solo le prime ${max}. Per trovare le altre usa la ricerca e premi Invio.`,
  openWithoutSignIn: 'Aperta senza accesso',
  stepUp: 'Chiede un’ulteriore conferma',
  nothingTitle: 'Ancora nessuna app',
  nothing: 'Non puoi aprire alcuna app. Il tuo amministratore può darti accesso alle app che ti servono.',
  sessions: 'Dove hai effettuato l’accesso',
  sessionsLead: 'Termina ciò che non riconosci o non usi più. Quello che vi è in corso viene interrotto subito.',
  thisSession: 'Questa sessione',
  since: 'Da',
  until: 'Fino a',
  address: 'Indirizzo',
  end: 'Termina sessione',
  endWhich: (device, address) => `: ${device}, ${address}`,
  signOutHere: 'Esci qui',
  signOutEverywhere: 'Esci ovunque',
  ended: (count) =>
    count === 0
      ? 'Quella sessione era già terminata.'
      : count === 1
        ? 'La sessione è terminata.'
        : `${count} sessioni sono terminate.`,
  absent: 'Non hai una sessione del genere. Nulla è stato cambiato.',
  signIns: 'Ultimi accessi',
  signInsLead: 'Un accesso che non conosci? Esci ovunque e avvisa il tuo amministratore.',
  unknownDevice: 'Dispositivo sconosciuto',
  on: (program, system) => `${program} su ${system}`,
};

export const PORTAL_TEXTS: Catalog<PortalTexts> = { en: english, it: italian };
