import type { Texts } from '../texts.ts';
import { connectorTexts } from './connectors.ts';
import { identityTexts } from './identity.ts';
import { limitTexts } from './limits.ts';
import { originTexts } from './origins.ts';
import { ourTexts } from './ourselves.ts';
import { requestTexts } from './requests.ts';
import { tokenTexts } from './tokens.ts';

export const english: Texts = {
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
    you: 'you',
    administrator: 'your administrator',
    'app-owner': 'the owner of the app',
    'client-developer': 'whoever wrote the program that sent this request',
    time: 'nobody has to, it passes by itself',
  },
  reasons: 'as-auth-says',
  problemPage: {
    whoCanMend: 'Who can mend this',
    app: 'App',
    signedInAs: 'Signed in as',
    receipt: 'Receipt',
    time: 'Time',
    quote: 'Quote this when you ask for help',
    tryAgain: 'Try again',
    goToApps: 'Go to your apps',
    about: (code) => `About ${code}`,
  },
  errorPage: {
    status: 'HTTP status',
    reason: 'Reason',
    whoCanMend: 'Who can mend it',
    forUsers: 'What users are told',
    cause: 'What happened',
    look: 'What to look at',
    all: 'All numbers',
    allTitle: 'Errors of the ingress',
    allLead: 'Every number a page or a problem document can show. Numbers never change their meaning.',
  },
  signOut: {
    mark: 'Signed out',
    doneTitle: 'You are signed out',
    done: 'Your session has ended for all apps. On a shared computer, close the browser as well.',
    signInAgain: 'Sign in again',
    question: 'Sign out?',
    consequence: 'This ends your session for all apps.',
    signOut: 'Sign out',
    back: 'Back to your apps',
  },
};
