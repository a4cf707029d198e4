import type { ProblemText } from '../texts.ts';

export const limitTexts = {
  'app-limit-exceeded': {
    title: 'Troppe richieste a questa app',
    detail: 'Questa app riceve più richieste di quante il suo limite consenta, perciò questa non è stata ammessa.',
    advice: 'Attendi un momento, poi ricarica la pagina.',
    cause:
      'L’ingress aveva esaurito la sua quota del limite di questa app (500 richieste al secondo su tutti gli ingress, se non impostato diversamente). Né il connettore né l’origine hanno visto la richiesta; `Retry-After` dice quando tornare.',
    look: [
      '`sallyport limits list` mostra i limiti e ciò che li ha superati.',
      '`sallyport access tail` mostra chi invia così tanto.',
      '`sallyport limits set <app> <richieste al secondo>` consente di più, se l’origine lo regge.',
    ],
  },
  'tenant-limit-exceeded': {
    title: 'Troppe richieste',
    detail: 'Tutte le app di questa organizzazione insieme ricevono più richieste di quante il limite consenta.',
    advice: 'Attendi un momento, poi ricarica la pagina.',
    cause:
      'L’ingress aveva esaurito la sua quota del limite del tenant (750 richieste al secondo su tutte le app e tutti gli ingress, se non impostato diversamente). Né il connettore né l’origine hanno visto la richiesta.',
    look: [
      '`sallyport limits list`: forse a un’app serve un limite proprio più basso, perché non consumi quello di tutte.',
      '`sallyport limits set tenant <richieste al secondo>` consente di più.',
    ],
  },
  'records-full': {
    title: 'Temporaneamente fuori servizio',
    detail: 'Al momento gli accessi non si possono registrare, e senza registrazione nessuna richiesta viene ammessa.',
    advice: 'Riprova tra un minuto.',
    cause:
      'Audit non accetta registrazioni da così tanto tempo che l’ingress ne trattiene quante può (`maxAccessRecords`, 20.000). Un accesso senza registrazione non è consentito, perciò le richieste vengono rifiutate finché audit non torna ad accettarle.',
    look: [
      '`sallyport status`: se audit e l’hub sono in funzione.',
      'Spazio su disco e limiti dell’archivio dell’hub.',
    ],
  },
} as const satisfies Record<string, ProblemText>;
