import type { Texts } from '../texts.ts';
import { connectorTexts } from './connectors.ts';
import { identityTexts } from './identity.ts';
import { limitTexts } from './limits.ts';
import { originTexts } from './origins.ts';
import { ourTexts } from './ourselves.ts';
import { requestTexts } from './requests.ts';
import { tokenTexts } from './tokens.ts';

const AGAIN = 'Riapri l’app per ricominciare.';

export const italian: Texts = {
  problems: {
    ...requestTexts,
    ...limitTexts,
    ...identityTexts,
    ...tokenTexts,
    ...connectorTexts,
    ...originTexts,
    ...ourTexts,
  },
  menders: {
    you: 'tu',
    administrator: 'il tuo amministratore',
    'app-owner': 'il responsabile dell’app',
    'client-developer': 'chi ha scritto il programma che ha inviato questa richiesta',
    time: 'nessuno deve farlo, passa da sé',
  },
  reasons: {
    'user-unassigned': ({ username, app }) =>
      `${username} ha effettuato l’accesso ma non è tra gli utenti di ${app}. Chi gestisce l’app può aggiungerti.`,
    'app-retired': ({ app }) => `${app} non è più pubblicata.`,
    'app-unknown': () => 'A questo indirizzo non c’è alcuna app.',
    'return-url-foreign': () => 'L’indirizzo a cui tornare non appartiene all’app.',
    'sign-in-link-invalid': () => `Il link di accesso è stato alterato, o ha più di 10 minuti. ${AGAIN}`,
    'transaction-missing': () =>
      `In questo browser non è in corso alcun accesso: il suo cookie manca, perché l’accesso è iniziato in un altro browser, è già concluso o ha richiesto più di 10 minuti. ${AGAIN}`,
    'transaction-invalid': () => `Il cookie di questo accesso è stato alterato, o ha più di 10 minuti. ${AGAIN}`,
    'state-replayed': () => `Questo accesso è già concluso e non si può usare di nuovo. ${AGAIN}`,
    'ticket-invalid': () => `Il biglietto per l’app è stato alterato, o ha più di 60 secondi. ${AGAIN}`,
    'ticket-replayed': () => `Il biglietto per l’app è già stato usato. ${AGAIN}`,
    'ticket-of-another-app': () => `Il biglietto era per un’altra app. ${AGAIN}`,
    'binding-missing': () => `L’accesso è iniziato in un altro browser, o il suo cookie manca. ${AGAIN}`,
    'session-ended': () => `La tua sessione è stata terminata. ${AGAIN}`,
    'session-expired': () => `La tua sessione è scaduta. ${AGAIN}`,
    'identity-provider-unreachable': () => 'Il provider di identità non è raggiungibile.',
    'identity-provider-answer-invalid': () => 'Il provider di identità ha dato una risposta senza senso.',
    'identity-provider-refused': () => 'Il provider di identità ha rifiutato l’accesso.',
    'sign-in-response-invalid': () => 'La risposta portata dal provider di identità non è valida.',
    'state-mismatch': () => 'La risposta del provider di identità appartiene a un altro accesso.',
    'token-invalid': () => 'Il token del provider di identità è stato rifiutato.',
    'step-up-not-met': () =>
      'Un criterio chiede di più di quanto questo accesso ha portato: il provider di identità non lo ha confermato.',
    'identity-provider-unknown': () => 'Questa app chiede un provider di identità che non è configurato.',
    'provider-mismatch': () =>
      'La risposta è arrivata all’indirizzo di un provider di identità diverso da quello a cui è andato questo accesso.',
    'user-disabled': () => 'Un amministratore ha disattivato qui il tuo account.',
    'groups-unknown': ({ username, app }) =>
      `${username} ha effettuato l’accesso, ma fa parte di più gruppi di quanti il provider di identità ne elenchi: non si sa se ${app} sia assegnata a uno di essi. Un amministratore può fargli inviare solo i gruppi assegnati all’applicazione, o assegnarti come utente o per un ruolo dell’app.`,
  },
  problemPage: {
    whoCanMend: 'Chi può rimediare',
    app: 'App',
    signedInAs: 'Accesso come',
    receipt: 'Ricevuta',
    time: 'Ora',
    quote: 'Indica questo quando chiedi aiuto',
    tryAgain: 'Riprova',
    goToApps: 'Vai alle tue app',
    about: (code) => `Informazioni su ${code}`,
  },
  errorPage: {
    status: 'Stato HTTP',
    reason: 'Motivo',
    whoCanMend: 'Chi può rimediare',
    forUsers: 'Che cosa viene detto agli utenti',
    cause: 'Che cosa è successo',
    look: 'Che cosa guardare',
    all: 'Tutti i numeri',
    allTitle: 'Errori dell’ingress',
    allLead: 'Ogni numero che una pagina o un documento di errore può mostrare. I numeri non cambiano mai significato.',
  },
  signOut: {
    mark: 'Sessione terminata',
    doneTitle: 'Hai effettuato l’uscita',
    done: 'La tua sessione è terminata per tutte le app. Su un computer condiviso, chiudi anche il browser.',
    signInAgain: 'Accedi di nuovo',
    question: 'Vuoi uscire?',
    consequence: 'Questo termina la tua sessione per tutte le app.',
    signOut: 'Esci',
    back: 'Torna alle tue app',
  },
};
