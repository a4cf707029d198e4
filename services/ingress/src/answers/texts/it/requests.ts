import type { ProblemText } from '../texts.ts';

const PARSER =
  'L’ingress ha letto i byte della richiesta, li ha rifiutati e ha chiuso la connessione. Nessuna origine ne ha visto nulla.';
const RECORD =
  'Il motivo esatto è nel registro degli accessi: `sallyport access tail --request <id della richiesta>`; se non c’è, nel log dell’ingress, con l’id della richiesta.';
const CLIENT = 'Il programma che ha inviato la richiesta e ogni proxy tra questo e l’ingress.';

export const requestTexts = {
  'bad-request': {
    title: 'Richiesta illeggibile',
    detail: 'La richiesta viola le regole di HTTP, o si può leggere in più modi, ed è stata rifiutata.',
    cause: `${PARSER} Ciò che due programmi lungo la via potrebbero leggere in modo diverso viene rifiutato qui, una volta sola, e mai indovinato.`,
    look: [RECORD, CLIENT],
  },
  'unknown-host': {
    title: 'Qui non c’è nulla',
    detail: 'A questo indirizzo non c’è nulla.',
    advice: 'Controlla che l’indirizzo sia scritto bene.',
    cause:
      'Nessuna app è pubblicata con questo nome host, oppure è stata ritirata. L’ingress lo sa dall’elenco delle app; nessun connettore è stato interpellato.',
    look: [
      '`sallyport apps list` mostra l’URL esterno di ogni app pubblicata, `--retired` quelle ritirate.',
      'Un server DNS che manda all’ingress un nome sbagliato, o un’intera zona.',
    ],
  },
  'unknown-path': {
    title: 'Pagina non trovata',
    detail: 'Questa pagina non esiste.',
    advice: 'Controlla che l’indirizzo sia scritto bene, o riparti dalle tue app.',
    cause:
      'L’host è nostro, ma nessuna sua app è pubblicata sotto questo percorso, oppure il percorso è scritto in modo che un’origine potrebbe leggerlo come quello di un’altra app. Nessun connettore è stato interpellato.',
    look: [
      '`sallyport apps list`: le app che condividono un host si distinguono per il percorso dell’URL esterno; vince il più lungo.',
      'Barre doppie, barre codificate e maiuscole nell’indirizzo.',
    ],
  },
  'method-not-allowed': {
    title: 'In questo modo non si può',
    detail: 'Questo indirizzo non accetta questo metodo.',
    cause:
      'A questo indirizzo risponde l’ingress stesso, che conosce solo i metodi indicati in `Allow`; oppure il metodo è CONNECT o TRACE, che nessuna app riceve mai.',
    look: ['Il campo `Allow` della risposta.', CLIENT],
  },
  'target-too-long': {
    title: 'L’indirizzo è troppo lungo',
    detail: 'L’indirizzo di questa richiesta è più lungo di quanto l’ingress accetti.',
    cause: `${PARSER} Il limite è \`maxTargetBytes\` dell’ingress, 16 KiB se non impostato diversamente.`,
    look: ['Moduli che inviano con GET ciò che andrebbe inviato con POST.', CLIENT],
  },
  'head-too-large': {
    title: 'Intestazione troppo grande',
    detail: 'La richiesta porta più campi di intestazione o cookie di quanti l’ingress accetti.',
    advice: 'Spesso aiuta eliminare i cookie di questo sito.',
    cause: `${PARSER} I limiti sono \`maxHeaderBytes\` (64 KiB) e \`maxHeaderCount\` (200 campi) dell’ingress; ciò che entra nel tunnel deve stare in un solo pacchetto.`,
    look: ['Numero e dimensione dei cookie di questo host, nel browser.', 'App che conservano dati nei cookie.'],
  },
  'request-timeout': {
    title: 'La richiesta è arrivata troppo lentamente',
    detail: 'Il resto della richiesta non è arrivato in tempo.',
    advice: 'Controlla la connessione e riprova.',
    cause:
      'L’ingress attende `headerTimeoutMs` (10 s) per l’intestazione e `bodyIdleTimeoutMs` (120 s) per i byte successivi del corpo. Chi è più lento viene interrotto, perché non blocchi nulla.',
    look: ['La rete tra l’utente e l’ingress.', 'Un client che annuncia più byte di quanti ne invii.'],
  },
  'unsupported-encoding': {
    title: 'Codifica di trasferimento sconosciuta',
    detail: 'Il corpo della richiesta è codificato in un modo che l’ingress non conosce.',
    cause: `${PARSER} Tra utente e ingress esiste una sola codifica di trasferimento, \`chunked\`, una volta sola.`,
    look: [CLIENT],
  },
  'host-invalid': {
    title: 'La richiesta non indica un solo host',
    detail: 'Il campo Host della richiesta manca, compare due volte o non è un nome host.',
    cause: `${PARSER} Senza esattamente un campo Host non si può sapere di quale app si tratta.`,
    look: [RECORD, CLIENT],
  },
  'host-mismatch': {
    title: 'La richiesta indica due host',
    detail: 'L’indirizzo della richiesta e il suo campo Host indicano host diversi.',
    cause: `${PARSER} Se indirizzo e Host non concordano, la richiesta potrebbe raggiungere un’app diversa da quella verificata.`,
    look: [CLIENT],
  },
  'length-invalid': {
    title: 'La lunghezza della richiesta non è chiara',
    detail:
      'La richiesta indica la lunghezza del corpo in modo errato, due volte, o insieme a una codifica di trasferimento.',
    cause: `${PARSER} Se due programmi non concordano sulla fine del corpo, vi si può nascondere una seconda richiesta (request smuggling).`,
    look: [RECORD, CLIENT],
  },
  'target-invalid': {
    title: 'L’indirizzo è illeggibile',
    detail: 'L’indirizzo della richiesta contiene caratteri o codifiche che non vi hanno posto.',
    cause: `${PARSER} Barre rovesciate, caratteri di controllo, frammenti e codifiche incomplete vengono letti in modo diverso da origini diverse.`,
    look: [RECORD, CLIENT],
  },
  'target-traversal': {
    title: 'L’indirizzo esce dal sito',
    detail: 'L’indirizzo della richiesta risale oltre la radice, o nasconde un passo verso l’alto.',
    cause: `${PARSER} Alcune origini eseguirebbero il passo nascosto e lascerebbero la cartella pubblicata.`,
    look: [
      RECORD,
      'Se qualcuno sta cercando falle: `sallyport access tail` mostra indirizzo e utente di ogni richiesta.',
    ],
  },
  'field-invalid': {
    title: 'Intestazione illeggibile',
    detail:
      'Un campo di intestazione della richiesta ha un nome errato, un carattere vietato, una riga piegata o una fine riga incompleta.',
    cause: `${PARSER} Campi di questo tipo vengono scomposti in modo diverso da programmi diversi.`,
    look: [RECORD, CLIENT],
  },
  'body-malformed': {
    title: 'Corpo della richiesta illeggibile',
    detail: 'I blocchi del corpo della richiesta non hanno le dimensioni che dichiarano.',
    cause:
      'Il corpo si è interrotto nel mezzo della richiesta. Ciò che era arrivato all’origine è stato chiuso come interrotto, mai come completo, e la connessione è stata chiusa.',
    look: [RECORD, CLIENT],
  },
  'request-too-large': {
    title: 'La richiesta è troppo grande',
    detail: 'Il corpo della richiesta è più grande di quanto questa app accetti.',
    cause:
      'È stato superato il limite per il corpo delle richieste di questa app, che è disattivato se nessuno lo imposta. Una lunghezza dichiarata in anticipo viene rifiutata prima che l’app veda qualcosa; senza, il caricamento viene interrotto al limite.',
    look: ['`sallyport apps show <app>` mostra il limite, `sallyport apps change <app> --max-body <byte>` lo cambia.'],
  },
  'version-unsupported': {
    title: 'Versione di HTTP sconosciuta',
    detail: 'La richiesta è scritta in una versione di HTTP che l’ingress non parla su questa connessione.',
    cause: `${PARSER} In questa forma si parlano HTTP/1.0 e HTTP/1.1.`,
    look: [CLIENT],
  },
  'request-too-slow': {
    title: 'L’invio era troppo lento',
    detail: 'Ciò che veniva inviato arrivava troppo lentamente, perciò la richiesta è stata chiusa.',
    advice: 'Controlla la connessione e riprova.',
    cause:
      'Mentre l’ingress era pronto a riceverlo, il corpo della richiesta è arrivato a meno di `bodyMinBytesPerSecond` (240 byte al secondo in media) dopo una tolleranza di `bodyGraceMs` (10 s). Il tempo in cui un’app o un connettore lento ha trattenuto l’invio non conta. Chi prima era più veloce può fermarsi per `bodyIdleTimeoutMs` (120 s). WebSocket, gRPC e richieste HTTP/2 la cui risposta è già iniziata non vengono misurati.',
    look: [
      'La rete tra l’utente e l’ingress.',
      'Client che tengono aperto un invio e mandano poco, come un registro a pezzi: meglio un WebSocket o singole richieste; oppure abbassare `bodyMinBytesPerSecond` dell’ingress, 0 per nessun limite.',
      'Se qualcuno occupa posti di proposito: `sallyport access tail` mostra l’indirizzo.',
    ],
  },
  'expectation-failed': {
    title: 'Aspettativa sconosciuta',
    detail: 'Il campo Expect della richiesta chiede qualcosa che qui non si fa.',
    cause: `${PARSER} L’unico valore previsto da HTTP è \`100-continue\`: il programma attende a inviare il corpo finché non gli viene chiesto.`,
    look: ['Il campo `Expect` che il programma invia: ometterlo, o scrivere `100-continue`.', CLIENT],
  },
} as const satisfies Record<string, ProblemText>;
