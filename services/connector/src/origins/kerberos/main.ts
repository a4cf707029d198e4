import { createAnswering } from './answer-questions.ts';
import { GSS_LIBRARY, GSS_PACKAGE, openGss } from './gss.ts';
import type { ProcessMessage, TicketQuestion } from './ticket-messages.ts';

/**
 * The ticket process: a child of the connector that alone calls C. Arguments: keytab, perhaps a krb5.conf. It ends with the
 * connector: a thread that waits for a KDC would hold up an orderly end.
 */
async function main(): Promise<void> {
  const [keytab = '', configuration] = process.argv.slice(2);
  if (configuration !== undefined) process.env.KRB5_CONFIG = configuration;
  const say = (message: ProcessMessage) => process.send?.(message);
  const die = () => process.kill(process.pid, 'SIGKILL');
  process.on('disconnect', die);
  const gss = await openGss(keytab).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    const text = `${GSS_LIBRARY} cannot be used on this host: install the Debian package ${GSS_PACKAGE} (${why})`;
    process.off('disconnect', die);
    // An open channel would hold the process: it goes once the reason is out.
    process.send?.({ kind: 'unusable', text } satisfies ProcessMessage, () => process.disconnect());
    return undefined;
  });
  if (gss === undefined) return;
  const answer = createAnswering(gss, Date.now);
  process.on('message', (question: TicketQuestion) => {
    void answer(question).then((given) => say({ kind: 'answer', id: question.id, answer: given }));
  });
  say({ kind: 'ready' });
}

await main();
