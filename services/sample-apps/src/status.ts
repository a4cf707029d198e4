import type { RequestListener } from 'node:http';
import { type Html, html } from '#libs/pages';
import { sendJson, sendPage } from './answer.ts';

/** A page without sign-in: uptime and request count. `?json` or `Accept: application/json` for machines. */
export function createStatusPage(startedAt: number): RequestListener {
  let requestCount = 0;
  return (req, res) => {
    requestCount += 1;
    req.resume();
    const uptimeSeconds = Math.floor((Date.now() - startedAt) / 1000);
    const wantsJson = (req.headers.accept ?? '').includes('application/json') || (req.url ?? '').includes('json');
    if (wantsJson) return sendJson(res, 200, { status: 'ok', uptimeSeconds, requestCount });
    sendPage(res, { title: 'Status', body: statusBody(uptimeSeconds, requestCount) });
  };
}

function statusBody(uptimeSeconds: number, requestCount: number): Html {
  return html`<p class="eyebrow">Internal status page</p>
<h1><span class="dot" aria-hidden="true"></span>All systems operational</h1>
<p class="soft">This page is published with passthrough: nobody signs in before they see it.</p>
<dl class="numbers">
<div><dt>Up for</dt><dd>${durationText(uptimeSeconds)}</dd></div>
<div><dt>Requests served</dt><dd>${requestCount.toLocaleString('en')}</dd></div>
</dl>`;
}

function durationText(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor((seconds % 86_400) / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}
