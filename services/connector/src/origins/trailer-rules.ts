import type { FieldList } from '#libs/tunnel-protocol';
import { createFieldKinds } from './field-kinds.ts';

/** Fields that mean something before the body only (RFC 9110, 6.5.1): framing, routing, who asks, how to read it. */
const kindOf = createFieldKinds({
  connection: 'drop',
  'content-encoding': 'drop',
  'content-length': 'drop',
  'content-range': 'drop',
  'content-type': 'drop',
  authorization: 'drop',
  'cache-control': 'drop',
  cookie: 'drop',
  expect: 'drop',
  host: 'drop',
  'keep-alive': 'drop',
  'max-forwards': 'drop',
  'proxy-authenticate': 'drop',
  'proxy-authentication-info': 'drop',
  'proxy-authorization': 'drop',
  'proxy-connection': 'drop',
  range: 'drop',
  'set-cookie': 'drop',
  te: 'drop',
  trailer: 'drop',
  'transfer-encoding': 'drop',
  upgrade: 'drop',
});

/** Trailers that may be passed on, either way. */
export function passedTrailers(trailers: FieldList): FieldList {
  if (trailers.length === 0) return trailers;
  const passed: string[] = [];
  for (let i = 0; i + 1 < trailers.length; i += 2)
    if (kindOf(trailers[i] ?? '') === 'forward') passed.push(trailers[i] ?? '', trailers[i + 1] ?? '');
  return passed;
}
