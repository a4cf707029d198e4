import type { ProblemText } from '../texts.ts';

export const ourTexts = {
  internal: {
    title: 'Qui qualcosa è andato storto',
    detail: 'L’ingress non è riuscito a gestire questa richiesta. È un errore di Sallyport, non della tua app.',
    advice: 'Riprova. Se succede ancora, indica al tuo amministratore l’id della richiesta.',
    cause: 'Un errore inatteso nell’ingress. Il suo log ne contiene la causa, sotto l’id della richiesta.',
    look: ['Il log dell’ingress, in base all’id della richiesta.', 'Segnalacelo, con il log.'],
  },
  'hub-unavailable': {
    title: 'Sallyport sta ripartendo',
    detail: 'Al momento il centro di Sallyport non è raggiungibile, perciò nessuna richiesta passa.',
    advice: 'Riprova tra qualche secondo.',
    cause:
      'L’ingress ha perso il collegamento con l’hub, attraverso il quale interpella auth e raggiunge i connettori. Si ricollega da solo. Connettori e origini non c’entrano.',
    look: [
      '`sallyport status`: se l’hub è in funzione.',
      'Il log dell’ingress e dell’hub.',
      'Disco, memoria e rete della macchina dell’hub.',
    ],
  },
} as const satisfies Record<string, ProblemText>;
