import type { ProblemText } from '../texts.ts';

const AGAIN = 'Riapri l’app per ricominciare.';

export const identityTexts = {
  'user-unauthenticated': {
    title: 'Prima accedi',
    detail: 'Non hai effettuato l’accesso a questa app.',
    advice: 'Apri l’app nel browser ed effettua l’accesso, poi riprova.',
    cause:
      'La richiesta è arrivata senza il cookie di accesso di questa app, e non era una pagina aperta da un browser (ma per esempio fetch, XMLHttpRequest, WebSocket, un modulo o un programma), perciò non poteva essere condotta all’accesso. `signInUrl` nella risposta è dove una persona effettua l’accesso. Nessun connettore è stato interpellato.',
    look: [
      'Se il programma invia i cookie: a fetch serve `credentials`, a un altro host serve un accesso proprio.',
      'Un’app per programmi senza accesso si pubblica con `--passthrough`; allora è l’origine a dover verificare chi chiede.',
    ],
  },
  'auth-unavailable': {
    title: 'L’accesso non è disponibile',
    detail: 'Il servizio di accesso di Sallyport non risponde, perciò al momento nessuno può entrare.',
    advice: 'Non dipende dal tuo account. Riprova tra un minuto.',
    cause:
      'L’ingress ha interpellato auth attraverso l’hub e non ha avuto risposta, o ha avuto un errore, oppure aspettano già tante domande (`maxPendingDecisions` alla volta, altre 4.000 fino a 5 s) che questa non è stata posta. Le decisioni in cache valgono ancora; senza una decisione nessuno passa.',
    look: [
      '`sallyport status`: se auth è in funzione.',
      'Il log di auth e dell’ingress, in base all’id della richiesta.',
    ],
  },
  'user-unauthorized': {
    title: 'Non hai accesso a questa app',
    detail: 'Hai effettuato l’accesso, ma l’uso di questa app ti è stato negato.',
    advice: 'Se ti serve questa app, chiedi di poterla usare e indica la ricevuta qui sotto.',
    cause:
      'Auth ha deciso: negato. La ricevuta indica la decisione, con i suoi dati, nel flusso degli eventi. Nessun connettore è stato interpellato.',
    look: [
      '`sallyport apps show <app>` mostra gli utenti, i gruppi e i ruoli dell’app assegnati.',
      '`sallyport explain <ricevuta>` mostra la decisione con i suoi motivi.',
      '`sallyport apps assign <app> --user <utente>` dà l’accesso, dalla richiesta successiva.',
    ],
  },
  'sign-in-failed': {
    title: 'L’accesso non è riuscito',
    detail: 'L’accesso è stato rifiutato.',
    advice: 'Ricomincia dalla tua app o dalla pagina delle tue app.',
    cause: 'Il provider di identità ha risposto con un errore, oppure auth ha rifiutato di proseguire.',
    look: [
      'Il registro degli accessi del provider di identità, all’ora indicata sulla pagina.',
      '`sallyport events tail` mostra gli accessi rifiutati con il motivo.',
    ],
  },
  'cross-site-request': {
    title: 'Inviata da un altro sito',
    detail: 'Questa richiesta è stata inviata da un sito diverso da questo ed è stata rifiutata.',
    advice: 'Falla invece dalla pagina delle tue app.',
    cause:
      'Per terminare una sessione serve un modulo di questo stesso host. I campi `Sec-Fetch-Site` o `Origin` dicono che la richiesta è venuta da altrove.',
    look: ['Pagine o estensioni del browser che inviano ai nostri indirizzi.'],
  },
  'session-expired': {
    title: 'La tua sessione è finita',
    detail: 'Avevi effettuato l’accesso, ma quella sessione è terminata o scaduta.',
    advice: 'Ricarica la pagina per accedere di nuovo.',
    cause:
      'Il cookie di accesso arrivato con la richiesta non si può più usare: la sessione è scaduta, è stata terminata dall’utente o da un amministratore, oppure sono cambiate le chiavi dei cookie. Una pagina aperta da un browser viene condotta all’accesso; un programma riceve questa risposta, con `signInUrl`.',
    look: ['`sallyport sessions list --all` mostra le sessioni e come sono terminate.'],
  },
  'sign-in-interrupted': {
    title: 'Questo accesso non può proseguire',
    detail: `L’accesso ha richiesto troppo tempo, era già concluso o è iniziato in un altro browser. ${AGAIN}`,
    advice: 'Non usare il pulsante Indietro né un indirizzo salvato di una pagina di accesso.',
    cause:
      'Ciò che serve all’accesso per proseguire (un link sigillato, un cookie di questo browser, un biglietto monouso) manca, è troppo vecchio, usato o alterato. È ciò che impedisce che un accesso passi ad altri.',
    look: [
      'Il motivo nel registro degli accessi: `sallyport access tail --request <id della richiesta>`.',
      'Cookie bloccati dal browser e orologi che differiscono di minuti.',
    ],
  },
  'identity-provider-unavailable': {
    title: 'Il provider di identità non risponde',
    detail: 'Il provider di identità della tua organizzazione non è raggiungibile o non dà una risposta utilizzabile.',
    advice: 'Non dipende dal tuo account. Riprova tra un minuto.',
    cause:
      'Auth chiede al provider di identità metadati, chiavi e token. Questa chiamata è fallita. Le sessioni già aperte continuano.',
    look: [
      'Il log di auth, in base all’id della richiesta: indica indirizzo e causa.',
      'Proxy, DNS e certificati della macchina su cui gira auth.',
    ],
  },
  'identity-rejected': {
    title: 'Non è stato possibile confermare la tua identità',
    detail: 'La risposta del provider di identità è stata rifiutata, perché non prova chi sei.',
    advice: 'Ricomincia. Se succede ancora, avvisa il tuo amministratore.',
    cause:
      'Auth verifica firma, emittente, destinatario, tempi e nonce di ciò che invia il provider di identità, e che indichi i gruppi. Una di queste verifiche non è riuscita.',
    look: [
      'Il motivo nel registro degli accessi e il log di auth, in base all’id della richiesta.',
      'La registrazione di Sallyport presso il provider di identità: client id, URI di reindirizzamento, gruppi.',
      'L’orologio della macchina su cui gira auth.',
    ],
  },
  'access-revoked': {
    title: 'Il tuo accesso è terminato',
    detail: 'Mentre questa richiesta era in corso, la tua sessione è terminata o l’app ti è stata tolta.',
    advice: 'Accedi di nuovo. Se l’app non si apre, chiedi di poterla usare.',
    cause:
      'Una revoca ha raggiunto l’ingress durante la richiesta. L’ingress ha interpellato di nuovo auth, e la risposta è stata no. Ciò che era in corso presso l’origine è stato annullato.',
    look: [
      '`sallyport sessions list --all`.',
      '`sallyport events tail`: chi ha terminato la sessione o cambiato l’assegnazione.',
    ],
  },
  'grpc-refused': {
    title: 'Questa app non accetta gRPC',
    detail: 'Il programma ha fatto una chiamata gRPC, che le impostazioni di questa app non permettono.',
    cause: 'gRPC è disattivato per l’app.',
    look: ['`sallyport apps show <app>`; `sallyport apps change <app> --grpc on` lo attiva.'],
  },
  'websocket-refused': {
    title: 'Questa app non accetta WebSocket',
    detail: 'La pagina ha chiesto una connessione WebSocket, che le impostazioni di questa app non permettono.',
    cause:
      'I WebSocket sono disattivati per l’app, perciò l’ingress ha rifiutato l’handshake. Nessun connettore è stato interpellato.',
    look: ['`sallyport apps show <app>`; `sallyport apps change <app> --websocket on` li ammette.'],
  },
  'websocket-cross-site': {
    title: 'Un altro sito non può connettersi qui',
    detail:
      'Una pagina di un altro sito ha chiesto una connessione WebSocket a questa app, che le regole dell’app non permettono.',
    cause:
      'Un browser invia i cookie con i WebSocket di qualsiasi sito. Il campo `Origin` dell’handshake non indica né un indirizzo di questa app né un sito a cui le sue regole CORS concedono le credenziali, perciò l’ingress lo ha rifiutato. Nessun connettore è stato interpellato.',
    look: [
      'Le regole CORS dell’app: `sallyport apps show <app>`. `--cors-origin <origine> --cors-credentials on` ammette un sito; le origini web si confrontano esattamente, con schema e porta.',
      'Un programma che invia un proprio `Origin` può ometterlo, o inviare quello dell’app.',
      'Un sito che non conosci: qualcuno può aver cercato di agire a nome di una persona connessa.',
    ],
  },
  'step-up-required': {
    title: 'Conferma di essere tu',
    detail:
      'Hai effettuato l’accesso, ma questa app chiede un’ulteriore prova della tua identità, o un accesso più recente.',
    advice: 'Apri l’app in una finestra propria: ti viene chiesto solo ciò che manca.',
    cause:
      'Un criterio di accesso condizionale chiede un contesto di autenticazione che la sessione non ha, o un accesso più recente. Una pagina aperta da un browser viene condotta all’accesso; un riquadro, uno script o un programma riceve questa risposta. `contexts` e `maxAgeMinutes` indicano ciò che manca, anche in `WWW-Authenticate` (`insufficient_claims`). Nessun connettore è stato interpellato.',
    look: [
      '`sallyport explain <ricevuta>` indica il criterio, la clausola e che cosa manca.',
      'Se il provider di identità dà a questo utente il contesto di autenticazione (claim `acrs`).',
      'Un programma che può accedere di nuovo: con i `claims` della risposta nella sua richiesta di un token.',
    ],
  },
  'step-up-not-met': {
    title: 'Questo accesso non basta',
    detail: 'Un criterio chiede di più di quanto questo accesso ha portato.',
    advice: 'Riapri l’app e completa ciò che ti viene chiesto, per esempio il secondo metodo.',
    cause:
      'Un criterio di accesso condizionale ha chiesto un contesto di autenticazione, o un accesso più recente. Il provider di identità è tornato senza, perciò l’utente non è stato mandato a ripetere il giro. Ciò che la sessione aveva prima resta com’era.',
    look: [
      'Se il provider di identità conosce il contesto di autenticazione e lo dà a questo utente (claim `acrs`).',
      'Il suo registro degli accessi, all’ora indicata sulla pagina: quali metodi ha l’utente, e se gli sono stati chiesti.',
      '`sallyport events tail --types AccessChallenged` mostra la decisione che lo ha chiesto; `sallyport explain` i suoi criteri.',
    ],
  },
  'policy-denied': {
    title: 'Un criterio non lo permette',
    detail:
      'Hai effettuato l’accesso, ma un criterio di accesso condizionale della tua organizzazione non ti fa entrare da qui.',
    advice: 'Se ti serve questa app, rivolgiti al tuo amministratore e indica la ricevuta qui sotto.',
    cause:
      'Auth ha valutato i criteri di accesso condizionale: uno di quelli applicabili blocca, chiede ciò che un accesso non può portare (come un dispositivo conforme) o ha bisogno di un dato che non è noto (motivo `policy-input-missing`): nessuno supera un criterio perché non si è potuto guardare. Nessun connettore è stato interpellato.',
    look: [
      '`sallyport explain <ricevuta>` indica il criterio, la clausola e che cosa avrebbe dato accesso.',
      'Il motivo nel registro degli accessi: `sallyport access tail --request <id della richiesta>`.',
    ],
  },
  'groups-unknown': {
    title: 'I tuoi gruppi non sono noti',
    detail:
      'Hai effettuato l’accesso, ma fai parte di più gruppi di quanti il tuo provider di identità ne elenchi, perciò non si sa se questa app ti spetti.',
    advice: 'Accedere di nuovo non serve. Rivolgiti al tuo amministratore e indica la ricevuta qui sotto.',
    cause:
      'L’app è assegnata a gruppi, e il token dell’accesso non ne elenca: dice che sono troppi (`_claim_names` o `hasgroups`; Entra ID lo fa oltre i 200). Auth non lo intende mai come «nessun gruppo»: la persona non è assegnata né come utente né per un ruolo dell’app, perciò la risposta è no. Nessun connettore è stato interpellato.',
    look: [
      'In Entra ID, *Token configuration > groups claim*: «Groups assigned to the application» al posto di «Security groups» o «All» (docs/entra-id.md, passo 1.5). Vale dal prossimo accesso.',
      'Ruoli dell’app al posto dei gruppi: `sallyport apps assign <app> --role <valore>` (docs/entra-id.md, passo 1.8).',
      'Subito, per una persona: `sallyport apps assign <app> --user <utente>`.',
    ],
  },
  'sign-on-refused': {
    title: 'Non è stato possibile farti accedere a questa app',
    detail: 'Hai effettuato l’accesso e puoi aprire questa app, ma Sallyport non riesce a farti accedere ad essa.',
    advice: 'Accedere di nuovo non serve. Rivolgiti al tuo amministratore e indica la ricevuta qui sotto.',
    cause:
      'L’app usa l’accesso unico con un segreto. O auth non riesce ad aprire il segreto sigillato (motivo `single-sign-on-secret-unreadable`: la sua chiave `origin-secret-keys.json` è andata persa o è stata sostituita), o il servizio dei token non ha dato un token per questa persona o per questo client (`single-sign-on-refused`, RFC 8693), o l’app fa accedere con Kerberos e nulla di ciò che si sa di questa persona o programma è un nome nel suo dominio (`single-sign-on-no-login`). Una richiesta senza la sua intestazione non parte mai: nessun connettore è stato interpellato. La ricevuta porta alla decisione, che era favorevole.',
    look: [
      'La frase qui sopra indica il servizio dei token e il suo errore; il log di auth li riporta entrambi (`no token for the origin`).',
      '`sallyport apps show <app>`: nome utente, client, servizio dei token, destinatario. Per dare di nuovo il segreto: `sallyport apps change <app> --origin-auth … --origin-secret -`.',
      'Presso il servizio dei token: questo client può scambiare token, le asserzioni sono fidate (docs/single-sign-on.md), la persona è nota? Ciò che viene corretto vale entro 5 s.',
    ],
  },
  'sign-on-unavailable': {
    title: 'Il servizio dei token di questa app non è disponibile',
    detail:
      'Hai effettuato l’accesso e puoi aprire questa app, ma il servizio che dà i token per essa non risponde come dovrebbe.',
    advice: 'Riprova tra poco.',
    cause:
      'Auth chiede al servizio dei token dell’app un token di accesso (scambio di token OAuth 2.0) e non ne ha avuto: non era raggiungibile, non ha risposto entro 4 s, ha rinviato altrove o ha risposto con qualcosa che non è un token bearer. Una richiesta senza la sua intestazione non parte mai: nessun connettore è stato interpellato.',
    look: [
      'Il log di auth: `no token for the origin`, con il servizio dei token e che cosa non andava; esito `not-asked`: troppi scambi sono in corso, non ha risposto tre volte di fila, o non restava tempo.',
      'È auth a chiamare il servizio dei token, non un connettore: l’indirizzo deve essere raggiungibile da dove gira auth, e il suo certificato lì fidato.',
    ],
  },
  'app-retired': {
    title: 'Questa app non è più pubblicata',
    detail: 'L’app è stata tolta dalla rete.',
    cause: 'Per auth l’app è ritirata. L’ingress non lo sapeva ancora.',
    look: ['`sallyport apps list --retired`.'],
  },
  'cors-refused': {
    title: 'Un altro sito non può chiederlo',
    detail:
      'Uno script di un altro sito ha chiesto a questa app qualcosa che le regole dell’app non consentono a quel sito.',
    cause:
      'Il browser ha chiesto in anticipo (preflight CORS) e l’ingress ha risposto di no, secondo le regole CORS dell’app: l’origine web, il metodo o un campo di intestazione non è consentito. L’app non ne ha visto nulla.',
    look: [
      'Il motivo nel registro degli accessi: `sallyport access tail --request <id della richiesta>`.',
      'Le regole CORS dell’app: `sallyport apps show <app>`. Le origini web si confrontano esattamente, con schema e porta.',
    ],
  },
} as const satisfies Record<string, ProblemText>;
