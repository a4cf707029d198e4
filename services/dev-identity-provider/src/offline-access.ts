/**
 * Address of an authorization request with scope `offline_access`, made to ask for consent too: without, oidc-provider drops the
 * scope (OpenID Connect Core, 11), while Entra keeps it. The prompt is answered without a page.
 */
export function askForOfflineAccess(url: string): string {
  const [path = '', query = ''] = url.split('?', 2);
  const parameters = new URLSearchParams(query);
  const prompts = (parameters.get('prompt') ?? '').split(' ').filter((prompt) => prompt !== '');
  const isAsked =
    parameters.getAll('scope').length === 1 && wordsOf(parameters.get('scope')).includes('offline_access');
  if (!isAsked || prompts.includes('none') || prompts.includes('consent')) return url;
  parameters.set('prompt', [...prompts, 'consent'].join(' '));
  return `${path}?${parameters.toString()}`;
}

function wordsOf(text: string | null): readonly string[] {
  return (text ?? '').split(' ');
}
