import { type AppPlaces, type AppSegment, claimedUrlsOf, holdsHost, holdsPath, isWildcardHost } from '#libs/contracts';
import { refuseValue } from '../errors.ts';
import {
  type ExternalUrlPolicy,
  normalizeExternalHost,
  normalizeExternalUrl,
  normalizeInternalUrl,
} from './app-urls.ts';

/** Errors: ERR_APP_URL names the host that cannot be taken. */
export function normalizeAlternateHosts(hosts: readonly string[], policy: ExternalUrlPolicy): string[] {
  return [...new Set(hosts.map((host) => normalizeExternalHost(host, policy)))];
}

export function normalizeSegments(segments: readonly AppSegment[], policy: ExternalUrlPolicy): AppSegment[] {
  return segments.map(({ externalUrl, internalUrl }) => ({
    externalUrl: normalizeExternalUrl(externalUrl, policy),
    internalUrl: normalizeInternalUrl(internalUrl),
  }));
}

/** What the settings that say where an app is must hold together. Error: ERR_APP_HOSTS. */
export function requirePlaces(app: AppPlaces): void {
  const isWildcard = isWildcardHost(hostOf(app.externalUrl));
  if (isWildcardHost(hostOf(app.internalUrl)) && !isWildcard)
    throw refuse('internalUrl', app.internalUrl, 'has *, which the external URL has not', 'use * in both, or in none');
  requireAlternateHosts(app, isWildcard);
  if (app.segments !== null) requireSegments(app, app.segments, isWildcard);
  const claimed = claimedUrlsOf(app);
  const twice = claimed.find((url, index) => claimed.indexOf(url) !== index);
  if (twice !== undefined) throw refuse('externalUrl', twice, 'leads to this app twice', 'name it once');
}

function requireAlternateHosts({ externalUrl, alternateHosts, segments }: AppPlaces, isWildcard: boolean): void {
  const [first] = alternateHosts;
  if (first === undefined) return;
  const field = 'alternateHosts';
  if (segments !== null)
    throw refuse(field, first, 'stands beside segments', 'add a segment for it, or publish the whole wildcard');
  const hosts = [hostOf(externalUrl), ...alternateHosts];
  for (const host of alternateHosts) {
    if (isWildcardHost(host) !== isWildcard)
      throw refuse(
        field,
        host,
        isWildcard ? 'is no wildcard, the external URL is one' : 'is a wildcard, the external URL is none',
        'publish an app of its own for it',
      );
    const wider = hosts.find((other) => other !== host && isWildcardHost(other) && holdsHost(other, host));
    if (wider !== undefined) throw refuse(field, host, `is a part of ${wider}`, 'leave it out');
  }
}

function requireSegments(app: AppPlaces, segments: readonly AppSegment[], isWildcard: boolean): void {
  const field = 'segments';
  if (!isWildcard)
    throw refuse(field, app.externalUrl, 'is no wildcard and has no parts', 'give an external URL such as https://*.…');
  if (segments.length === 0)
    throw refuse(
      field,
      app.externalUrl,
      'would be left without a segment, and nothing of it published',
      'keep one, retire the app, or say null to publish the whole wildcard',
    );
  const wildcard = hostOf(app.externalUrl);
  const folder = new URL(app.externalUrl).pathname;
  for (const { externalUrl, internalUrl } of segments) {
    const host = hostOf(externalUrl);
    if (isWildcardHost(host) || !holdsHost(wildcard, host) || !holdsPath(folder, new URL(externalUrl).pathname))
      throw refuse(field, externalUrl, `is no part of ${app.externalUrl}`, 'expected an exact host and path under it');
    if (isWildcardHost(hostOf(internalUrl)))
      throw refuse(field, internalUrl, 'has *', 'a segment leads to one origin: give its exact host');
  }
}

function hostOf(url: string): string {
  return new URL(url).hostname;
}

function refuse(field: string, value: string, why: string, remedy: string): Error {
  return refuseValue('ERR_APP_HOSTS', { field, value, why, remedy });
}
