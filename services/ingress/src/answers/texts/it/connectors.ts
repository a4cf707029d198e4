import type { ProblemText } from '../texts.ts';

const MAYBE = 'La richiesta potrebbe aver raggiunto l’app. Verifica prima di inviarla di nuovo.';
const CONNECTORS = '`sallyport connectors list` mostra quali connettori sono in linea, e per quale gruppo.';
const LOGS = 'I log dell’ingress e del connettore, in base all’id della richiesta.';

export const connectorTexts = {
  'directory-unavailable': {
    title: 'In fase di avvio',
    detail: 'L’ingress non ha ancora ricevuto l’elenco delle app pubblicate.',
    advice: 'Riprova tra qualche secondo.',
    cause:
      'Da quando è partito, l’ingress non ha ancora letto l’elenco delle app da routing. Fino ad allora non può distinguere un’app dal nulla.',
    look: [
      '`sallyport status`: se routing e l’hub sono in funzione.',
      'Il log dell’ingress: "started without the app directory".',
    ],
  },
  'no-connector': {
    title: 'Nessun connettore è in linea',
    detail: 'Al momento nessuno dei connettori che servono questa app è collegato.',
    advice: 'Riprova tra un minuto. Se continua, avvisa il tuo amministratore.',
    cause:
      'L’ingress ha messo la richiesta nella coda del gruppo di connettori, e l’hub ha risposto che lì nessuno ascolta. La richiesta non ha mai lasciato l’hub.',
    look: [
      CONNECTORS,
      '`sallyport apps show <app>` mostra il gruppo dell’app.',
      'Sulla macchina del connettore: se `sallyport connector run` è in funzione e se raggiunge l’hub (in uscita, TLS).',
    ],
  },
  'connector-unavailable': {
    title: 'I connettori non accettano la richiesta',
    detail: 'I connettori che servono questa app hanno rifiutato la richiesta.',
    advice: 'Riprova tra un minuto.',
    cause:
      'Ogni connettore che ha ricevuto la richiesta dalla coda l’ha rimandata indietro prima di toccare l’origine: non conosce ancora l’app, o non può leggerne le impostazioni.',
    look: [
      CONNECTORS,
      'Se i connettori appartengono al gruppo dell’app: `sallyport apps show <app>`.',
      'Il log del connettore, in base all’id della richiesta.',
    ],
  },
  'connector-lost': {
    title: 'Il collegamento con il connettore si è interrotto',
    detail: 'Il connettore che lavorava a questa richiesta è andato perso prima che l’app rispondesse.',
    advice: MAYBE,
    cause:
      'Un connettore aveva preso la richiesta, poi il suo heartbeat è mancato per 5 s, o è ripartito. Le richieste che si possono ripetere sono andate a un altro connettore; questa non si può ripetere, o anche quel tentativo è fallito.',
    look: [CONNECTORS, 'Il log e la rete del connettore indicato nel registro degli accessi.'],
  },
  'too-many-channels': {
    title: 'Troppe richieste insieme',
    detail: 'L’ingress lavora già a quante richieste può.',
    advice: 'Riprova tra un minuto.',
    cause:
      'Un ingress tiene al massimo 10.000 canali aperti. Altrettante richieste attendono le loro origini o durano a lungo, come WebSocket e flussi di eventi.',
    look: ['`sallyport access tail`: quale app è lenta.', 'Un altro ingress, se questo è il carico abituale.'],
  },
  'connector-unresponsive': {
    title: 'I connettori non sono raggiungibili',
    detail: 'Nessun connettore ha preso la richiesta in tempo.',
    advice: 'Riprova tra un minuto. Se continua, avvisa il tuo amministratore.',
    cause:
      'L’hub ha consegnato la richiesta alla coda del gruppo, ma nessuno l’ha presa entro il termine (1 s), a ogni tentativo. Il collegamento leaf di un connettore è bloccato, o lo è il suo processo. L’origine non ha visto nulla della richiesta.',
    look: [CONNECTORS, 'CPU e rete della macchina del connettore.', LOGS],
  },
  'connector-draining': {
    title: 'I connettori stanno ripartendo',
    detail: 'I connettori che servono questa app stanno finendo il loro lavoro e non accettano altro.',
    advice: 'Riprova tra qualche secondo.',
    cause:
      'I connettori del gruppo si stanno fermando tutti insieme. Se ripartono uno dopo l’altro, nessuna richiesta incontra questo errore.',
    look: [CONNECTORS, 'Come sono programmati gli aggiornamenti e i riavvii dei connettori.'],
  },
  'connector-busy': {
    title: 'I connettori sono occupati',
    detail: 'I connettori che servono questa app lavorano già a quante richieste possono.',
    advice: 'Riprova tra un minuto.',
    cause:
      'Ogni connettore che ha ricevuto la richiesta l’ha rifiutata per mancanza di capacità, prima di toccare l’origine.',
    look: [
      '`sallyport access tail`: se l’origine è diventata lenta e le richieste si accumulano.',
      'Un altro connettore nel gruppo dell’app: `sallyport connectors assign <connettore> <gruppo>`.',
    ],
  },
  'connector-silent': {
    title: 'Il connettore tace',
    detail: 'Il connettore che lavorava a questa richiesta non risponde più.',
    advice: MAYBE,
    cause:
      'Sul canale non è arrivato nulla per 15 s, e nessuna risposta al sondaggio in altri 10 s. Il processo è bloccato, o il collegamento è interrotto senza che nessuno dei due lati se ne sia accorto.',
    look: [CONNECTORS, 'Firewall che lasciano cadere in silenzio le connessioni inattive.', LOGS],
  },
  'tunnel-gap': {
    title: 'Una parte della trasmissione è andata persa',
    detail: 'Un pacchetto tra ingress e connettore è andato perso, perciò la richiesta è stata interrotta.',
    advice: MAYBE,
    cause:
      'I pacchetti di un canale sono numerati; ne manca uno. Accade quando un collegamento leaf o l’hub si interrompe nel mezzo della richiesta. Una risposta sbagliata non viene mai ricomposta.',
    look: ['Il log dell’hub: connessioni perse o lente.', CONNECTORS],
  },
  'tunnel-violation': {
    title: 'Ingress e connettore non si capiscono',
    detail: 'La trasmissione tra ingress e connettore ha violato le proprie regole ed è stata terminata.',
    cause:
      'Un pacchetto illeggibile, byte oltre il credito, o una richiesta che non indica un percorso dell’app. Versioni che non vanno d’accordo, o un nostro errore.',
    look: ['Le versioni di ingress e connettore.', LOGS],
  },
  'connector-failed': {
    title: 'Il connettore ha avuto un errore',
    detail: 'Il connettore ha incontrato un proprio errore mentre lavorava a questa richiesta.',
    advice: MAYBE,
    cause: 'Un errore inatteso nel connettore, non nell’app. Il suo log ne contiene la causa.',
    look: [LOGS, 'Segnalacelo, con il log.'],
  },
  'tunnel-stopped': {
    title: 'Sallyport è stato fermato',
    detail: 'L’ingress o il connettore è stato fermato mentre lavorava a questa richiesta.',
    advice: MAYBE,
    cause: 'Il tempo per concludere era finito e la richiesta era ancora in corso, perciò è stata interrotta.',
    look: ['Quanto può durare la chiusura (`drainMs`), rispetto alle richieste più lunghe dell’app.'],
  },
} as const satisfies Record<string, ProblemText>;
