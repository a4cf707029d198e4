import type { ProblemText } from '../texts.ts';

export const tokenTexts = {
  'token-refused': {
    title: 'Il token di accesso non è accettato',
    detail: 'Il token arrivato con questa richiesta non è valido, o non lo è più.',
    advice: 'Ottieni un nuovo token e ripeti la richiesta.',
    cause:
      'Un programma ha portato un bearer token (`X-Sallyport-Authorization`, o `Authorization` dove l’app lo accetta) e auth lo ha rifiutato; il dettaglio dice perché: scaduto, di un altro destinatario (audience), di un’altra directory o emittente, firmato con una chiave sconosciuta, non un token di accesso, precedente alla disconnessione ovunque del suo utente, oppure un token di servizio sconosciuto, scaduto, sostituito o revocato. A nessun connettore è stato chiesto nulla.',
    look: [
      'Il dettaglio nella risposta, e `sallyport events tail`: i token rifiutati con il motivo.',
      '`sallyport apps show <app>`: l’audience e lo scope che l’app accetta (docs/clients.md).',
      '`sallyport service-tokens list`: fino a quando vale un token di servizio.',
    ],
  },
  'token-insufficient': {
    title: 'Il token di accesso non basta per questa app',
    detail: 'Il token è autentico, ma non apre questa app.',
    cause:
      'Al token di accesso di un utente manca lo scope (`scp`) che l’app chiede, oppure il token di servizio nomina solo altre app. A nessun connettore è stato chiesto nulla.',
    look: [
      '`sallyport apps show <app>`: lo scope che l’app chiede; il programma deve chiederlo al fornitore di identità.',
      '`sallyport service-tokens apps <token> <app>…` cambia le app che un token di servizio apre.',
    ],
  },
  'credential-malformed': {
    title: 'Credenziali illeggibili',
    detail: 'La richiesta porta credenziali che non sono un solo bearer token.',
    cause:
      '`X-Sallyport-Authorization`, o un `Authorization` destinato a Sallyport, è arrivato due volte, o entrambi portano un nostro token, oppure il valore non è `Bearer` e un token di al massimo 16.384 caratteri (RFC 6750). Non è stato né valutato né inoltrato.',
    look: [
      'Che cosa invia il programma: un solo campo, `Bearer`, uno spazio, il token.',
      'Un proxy davanti a Sallyport che aggiunge credenziali proprie.',
    ],
  },
} as const satisfies Record<string, ProblemText>;
