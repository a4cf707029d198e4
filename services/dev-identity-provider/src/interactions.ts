import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import type { Directory } from './directory.ts';
import { secondFactorPage, signInPage } from './pages.ts';
import { type OneTimeCodes, SECOND_FACTOR_METHOD, SECOND_FACTOR_REASON } from './second-factor.ts';

/** Longest form read. */
const MAX_FORM_BYTES = 8192;

export type InteractionParts = {
  readonly provider: Provider;
  readonly directory: Directory;
  readonly codes: OneTimeCodes;
  readonly send: (res: ServerResponse, status: number, body: string) => void;
};

type Details = Awaited<ReturnType<Provider['interactionDetails']>>;

/** The page an authorization request waits for: user name and password, or only the second factor of who is signed in. */
export async function interact(parts: InteractionParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const details = await parts.provider.interactionDetails(req, res);
  const client = await parts.provider.Client.find(String(details.params.client_id));
  const clientName = client?.clientName ?? 'an unnamed client';
  const onlySecondFactor = details.prompt.reasons.every((reason) => reason === SECOND_FACTOR_REASON);
  if (details.session !== undefined && onlySecondFactor) {
    await confirmSecondFactor(parts, req, res, { uid: details.uid, session: details.session, clientName });
    return;
  }
  await signIn(parts, req, res, details, clientName);
}

async function signIn(
  { provider, directory, send }: InteractionParts,
  req: IncomingMessage,
  res: ServerResponse,
  details: Details,
  client: string,
): Promise<void> {
  if (req.method !== 'POST') {
    const hint = details.params.login_hint;
    const username = typeof hint === 'string' ? hint.slice(0, 320) : '';
    send(res, 200, signInPage({ client, username, problem: null }));
    return;
  }
  const form = await readForm(req);
  const username = form.get('username') ?? '';
  const person = directory.signIn(username, form.get('password') ?? '');
  if (person === null) {
    const problem = 'User name or password is wrong.';
    send(res, 403, signInPage({ client, username: username.slice(0, 320), problem }));
    return;
  }
  const login = { accountId: person.oid, amr: ['pwd'], remember: true };
  await provider.interactionFinished(req, res, { login }, { mergeWithLastSubmission: false });
}

type SignedInDetails = {
  /** Of the interaction. */
  readonly uid: string;
  readonly session: NonNullable<Details['session']>;
  readonly clientName: string;
};

async function confirmSecondFactor(
  { provider, directory, codes, send }: InteractionParts,
  req: IncomingMessage,
  res: ServerResponse,
  { uid, session, clientName }: SignedInDetails,
): Promise<void> {
  const { accountId } = session;
  const username = directory.find(accountId)?.email ?? accountId;
  const shown = { client: clientName, username, code: codes.codeFor(uid) };
  if (req.method !== 'POST') {
    send(res, 200, secondFactorPage({ ...shown, problem: null }));
    return;
  }
  const form = await readForm(req);
  if (!codes.accepts(uid, form.get('otp') ?? '')) {
    send(res, 403, secondFactorPage({ ...shown, problem: 'That is not the code shown above.' }));
    return;
  }
  const signedInAt = (await provider.Session.findByUid(session.uid))?.loginTs;
  // The password is as old as it was: a second factor does not make the sign-in younger.
  const since = signedInAt === undefined ? {} : { ts: signedInAt };
  const login = { accountId, amr: ['pwd', SECOND_FACTOR_METHOD], remember: true, ...since };
  await provider.interactionFinished(req, res, { login }, { mergeWithLastSubmission: false });
}

async function readForm(req: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_FORM_BYTES) throw new RangeError(`the form has more than ${MAX_FORM_BYTES} bytes`);
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}
