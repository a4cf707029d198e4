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
} as const satisfies Record<string, ProblemText>;
