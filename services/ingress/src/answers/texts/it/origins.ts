import type { ProblemText } from '../texts.ts';

const MAYBE = 'La richiesta potrebbe aver raggiunto l’app. Verifica prima di inviarla di nuovo.';
const APP = '`sallyport apps show <app>` mostra l’URL interno.';
const LOG = 'Il log del connettore, in base all’id della richiesta: indica la causa esatta.';

export const originTexts = {
  'origin-dns': {
    title: 'L’app non si trova',
    detail: 'Il connettore non ha trovato l’app: il suo nome host interno non si risolve.',
    cause:
      'Il tunnel funziona. Sulla macchina del connettore il server DNS non conosce alcun indirizzo per l’host dell’URL interno.',
    look: [APP, 'Sulla macchina del connettore: `getent hosts <host>`, e i server DNS che usa.', LOG],
  },
  'origin-refused': {
    title: 'L’app non è in funzione',
    detail: 'Il connettore non ha raggiunto l’app: la connessione è stata rifiutata. Forse l’app non è in funzione.',
    advice: 'Riprova tra un minuto. Se continua, avvisa il responsabile dell’app.',
    cause: 'Il tunnel funziona. La macchina dell’app ha risposto che su quella porta nessuno ascolta.',
    look: [
      'Se l’app è in funzione, e su quale indirizzo e porta ascolta.',
      `${APP} Dalla macchina del connettore deve rispondere: \`curl -v <URL interno>\`.`,
    ],
  },
  'origin-tls': {
    title: 'L’app non è attendibile',
    detail:
      'Il connettore non si fida del certificato TLS dell’app, oppure non è stato possibile alcun collegamento TLS.',
    cause:
      'Il tunnel funziona. Tra connettore e origine l’handshake TLS è fallito: il certificato è scaduto, è intestato a un altro nome o viene da una CA che il connettore non conosce; oppure la porta non parla TLS.',
    look: [
      `${LOG} Sulla macchina del connettore: \`openssl s_client -connect <host:porta> -servername <host>\`.`,
      '`sallyport apps change <app> --origin-ca <file>` indica la CA dell’app, `--origin-client-certificate` ciò che il connettore mostra di sé. `--validate-certificate off` rinuncia alla verifica ed è solo per le prove.',
    ],
  },
  'origin-connect-timeout': {
    title: 'L’app non risponde alla chiamata',
    detail: 'Il connettore non ha raggiunto l’app in tempo.',
    advice: 'Riprova tra un minuto. Se continua, avvisa il responsabile dell’app.',
    cause:
      'Il tunnel funziona. Il tentativo di connessione del connettore è rimasto senza risposta: un firewall lo scarta, la macchina è spenta o non accetta altre connessioni. L’app non ha visto nulla della richiesta.',
    look: ['I firewall tra connettore e app.', `${APP} Dalla macchina del connettore: \`curl -v <URL interno>\`.`],
  },
  'origin-unreachable': {
    title: 'La rete dell’app non è raggiungibile',
    detail: 'Il connettore non ha raggiunto l’app: non c’è una via attraverso la rete.',
    cause:
      'Il tunnel funziona. La macchina del connettore non ha una rotta verso l’indirizzo dell’app, o non può usarla.',
    look: ['Rotte, VPN e interfacce di rete della macchina del connettore.', LOG],
  },
  'origin-timeout': {
    title: 'L’app non ha risposto in tempo',
    detail: 'L’app è stata raggiunta, ma non ha risposto entro il tempo stabilito.',
    advice: MAYBE,
    cause:
      'Il tunnel funziona. L’origine ha accettato la connessione, ma non ha inviato nulla per tutto il timeout dell’app (85 s se non impostato diversamente). Il connettore ha chiuso la connessione.',
    look: [
      'L’app stessa: perché impiega così tanto.',
      '`sallyport apps change <app> --timeout long` (o i secondi, fino a 3600) per app che elaborano a lungo.',
    ],
  },
  'origin-aborted': {
    title: 'L’app ha interrotto la risposta',
    detail: 'L’app ha chiuso la connessione prima di aver risposto.',
    advice: MAYBE,
    cause:
      'Il tunnel funziona. L’origine ha chiuso o azzerato la connessione nel mezzo della richiesta, senza una risposta completa. Se la risposta era già iniziata, viene invece interrotta la connessione dell’utente, perché nessuno prenda una metà per il tutto.',
    look: ['Il log dell’app, e se è ripartita o ha esaurito la memoria.', LOG],
  },
  'origin-invalid': {
    title: 'L’app ha dato una risposta inutilizzabile',
    detail: 'La risposta dell’app viola le regole di HTTP.',
    cause:
      'Il tunnel funziona. Ciò che l’origine ha inviato non si può leggere come HTTP, o non in un modo solo. Non viene mai inoltrato.',
    look: [
      `${LOG} \`curl -v <URL interno>\` mostra la risposta.`,
      'Se la porta dell’URL interno parla HTTP, o piuttosto HTTPS o altro.',
    ],
  },
  'origin-head-too-large': {
    title: 'L’app ha inviato un’intestazione troppo grande',
    detail: 'I campi di intestazione nella risposta dell’app sono più grandi di quanto il connettore accetti.',
    advice: 'A volte aiuta eliminare i cookie di questo sito.',
    cause:
      'Il tunnel funziona. L’intestazione della risposta ha più byte o campi di quanti il connettore accetti e il tunnel trasporti.',
    look: ['`curl -sD- -o /dev/null <URL interno>`: quale campo è così grande, spesso Set-Cookie.', LOG],
  },
  'kerberos-unavailable': {
    title: 'Il servizio di accesso dell’app non è raggiungibile',
    detail:
      'L’app accetta ticket Kerberos e il connettore non è riuscito a ottenerne uno per te. Senza ticket non si invia nulla all’app.',
    advice: 'Riprova tra un minuto. Se continua, avvisa il tuo amministratore.',
    cause:
      'Il tunnel funziona. Il connettore ottiene un ticket dell’utente per ogni richiesta, e non l’ha avuto: nessun controller di dominio (KDC) ha risposto entro 5 s, troppe richieste lo attendono, il keytab manca, non è leggibile o non è aggiornato, oppure alla macchina manca la libreria Kerberos.',
    look: [
      `${LOG} Riporta la risposta del KDC, il keytab o la libreria.`,
      'Sulla macchina del connettore: `KRB5_TRACE=/dev/stderr kinit -k -t <cartella dei segreti>/kerberos.keytab <account>`. Gli orologi di connettore e dominio devono coincidere entro 5 minuti.',
      'Il pacchetto Debian `libgssapi-krb5-2`, e `kerberos.keytab` nella cartella dei segreti del connettore, con permessi 0600.',
    ],
  },
  'kerberos-delegation-refused': {
    title: 'Il dominio non concede un ticket per l’app',
    detail:
      'Il dominio non ha permesso al connettore di farti accedere all’app. Senza ticket non si invia nulla all’app.',
    cause:
      'Il tunnel funziona. Il dominio conosce l’utente, ma non concede all’account del connettore un ticket a suo nome per il nome principale di servizio (SPN) dell’app: il nome è sconosciuto, l’account non può delegare verso di esso, oppure l’utente è escluso dalla delega.',
    look: [
      `${LOG} Riporta il nome principale di servizio e l’utente.`,
      'L’elenco dei servizi verso cui l’account del connettore può delegare (Active Directory: `msDS-AllowedToDelegateTo`, con qualsiasi protocollo di autenticazione; MIT su LDAP: `krbAllowedToDelegateTo` e `+ok_to_auth_as_delegate`).',
      'Se riguarda solo alcuni utenti: «L’account è sensibile e non può essere delegato», o il gruppo Protected Users.',
    ],
  },
  'kerberos-user-refused': {
    title: 'Il dominio non ti conosce',
    detail:
      'Il dominio dell’app non ha un account per te, oppure è disabilitato. Senza ticket non si invia nulla all’app.',
    cause:
      'Il tunnel funziona. Il nome che le impostazioni dell’app ricavano dall’utente non è un account del realm Kerberos, oppure è disabilitato o scaduto.',
    look: [
      `${LOG} Riporta l’utente così come è stato chiesto al dominio.`,
      '`sallyport apps change <app> --delegated-login upn|user-part|claim`, e il realm: con quale nome il dominio conosce le persone.',
    ],
  },
  'assertion-refused': {
    title: 'Il connettore non ha potuto verificare chi sei',
    detail: 'Il connettore non ha ricevuto una prova valida di chi sei, quindi non ti ha fatto accedere all’app.',
    cause:
      'Il tunnel funziona. Per Kerberos il connettore crede solo ad auth: l’asserzione firmata della richiesta mancava, era scaduta, fatta per un’altra app o un altro nome principale di servizio, o firmata con una chiave che il connettore non conosce (ancora).',
    look: [
      `${LOG} Dice che cosa non va nell’asserzione.`,
      'L’orologio della macchina del connettore. Subito dopo una modifica del single sign-on dell’app: riprova tra un minuto.',
      'Se continua: chi altro può raggiungere l’hub con le credenziali di un ingress.',
    ],
  },
} as const satisfies Record<string, ProblemText>;
