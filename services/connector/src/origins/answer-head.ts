import type { FieldList, StatusLine } from '#libs/http1';
import { createFieldKinds } from './field-kinds.ts';
import { connectionNames } from './origin-rules.ts';

/** How the end of a body is found (RFC 9112, 6.3). */
export type AnswerFraming = 'none' | 'length' | 'chunked' | 'until-close';

export type AnswerHead = {
  readonly status: number;
  /** Without the fields that belong to the origin's connection. */
  readonly fields: FieldList;
  readonly framing: AnswerFraming;
  /** Bytes of the body when framing is `length`. */
  readonly length: number;
  /** The origin lets this connection be used again. */
  readonly isPersistent: boolean;
  /** From `Keep-Alive: timeout`, milliseconds. */
  readonly keepAliveMs: number | undefined;
};

/** Fields that say something about this message's end or its connection. */
const kindOf = createFieldKinds({
  connection: 'connection',
  'content-length': 'length',
  'transfer-encoding': 'coding',
  'keep-alive': 'keep-alive',
  upgrade: 'upgrade',
  'proxy-connection': 'drop',
  'proxy-authenticate': 'drop',
  'proxy-authentication-info': 'drop',
});

const LENGTH = /^[0-9]{1,15}$/;
const KEEP_ALIVE_TIMEOUT = /(?:^|[\s,;])timeout\s*=\s*"?([0-9]{1,6})/i;

/** What the control fields of one head say. */
type Control = {
  length: string | undefined;
  coding: string | undefined;
  /** Options of `Connection`, lower case. */
  options: Set<string> | undefined;
  keepAlive: string | undefined;
  /** Some field must not be passed on. */
  isStripped: boolean;
  /** Two lengths that differ, or one that is no number. */
  isLengthBroken: boolean;
};

/**
 * What an origin's head means. Strict, because a wrong idea of where an answer ends hands one user the answer of another:
 * a text saying what is wrong when the end cannot be told for certain. Length and coding together are read as chunked and
 * end the connection (RFC 9112, 6.3).
 */
export function interpretAnswer(line: StatusLine, parsed: FieldList, isToHead: boolean): AnswerHead | string {
  const control = readControl(parsed);
  const problem = problemOf(control, line.minorVersion);
  if (problem !== undefined) return problem;
  const { status } = line;
  const framing = framingOf(status, isToHead, control);
  const isLengthVoid = control.length !== undefined && (control.coding !== undefined || status === 204);
  const isPassedWhole = !control.isStripped && !isLengthVoid;
  return {
    status,
    fields: isPassedWhole ? parsed : stripped(parsed, control, status === 101, isLengthVoid),
    framing,
    length: framing === 'length' ? Number(control.length) : 0,
    isPersistent: !isToHead && isPersistent(control, line.minorVersion, framing),
    keepAliveMs: control.keepAlive === undefined ? undefined : timeoutMs(control.keepAlive),
  };
}

function readControl(parsed: FieldList): Control {
  const control: Control = {
    length: undefined,
    coding: undefined,
    options: undefined,
    keepAlive: undefined,
    isStripped: false,
    isLengthBroken: false,
  };
  for (let i = 0; i + 1 < parsed.length; i += 2) {
    const kind = kindOf(parsed[i] ?? '');
    if (kind === 'forward') continue;
    const value = parsed[i + 1] ?? '';
    if (kind === 'length') noteLength(control, value);
    else {
      control.isStripped = true;
      if (kind === 'connection') control.options = connectionNames(value, control.options);
      else if (kind === 'coding') control.coding = control.coding === undefined ? value : `${control.coding},${value}`;
      else if (kind === 'keep-alive') control.keepAlive ??= value;
    }
  }
  return control;
}

/** Equal lengths count as one (RFC 9110, 8.6), in a list or in several fields. */
function noteLength(control: Control, value: string): void {
  if (control.length === undefined && LENGTH.test(value)) {
    control.length = value;
    return;
  }
  control.isStripped = true;
  for (const part of value.split(',')) {
    const length = part.trim();
    control.length ??= length;
    if (length !== control.length || !LENGTH.test(length)) control.isLengthBroken = true;
  }
}

function problemOf(control: Control, minorVersion: 0 | 1): string | undefined {
  if (control.isLengthBroken) return 'content-length is no number, or two of them differ';
  if (control.coding === undefined) return undefined;
  if (minorVersion === 0) return 'transfer-encoding in an HTTP/1.0 answer';
  return control.coding.toLowerCase() === 'chunked' ? undefined : 'transfer-encoding is not chunked';
}

function framingOf(status: number, isToHead: boolean, control: Control): AnswerFraming {
  if (isToHead || status < 200 || status === 204 || status === 304) return 'none';
  if (control.coding !== undefined) return 'chunked';
  if (control.length === undefined) return 'until-close';
  return Number(control.length) === 0 ? 'none' : 'length';
}

/**
 * An origin that sends a body where none may be (to HEAD, with 204 or 304) would have it read as the answer to the next
 * request, another user's perhaps: where a head hints at one, the connection is not used again.
 */
function isPersistent(control: Control, minorVersion: 0 | 1, framing: AnswerFraming): boolean {
  if (framing === 'none' && (control.coding !== undefined || Number(control.length ?? 0) > 0)) return false;
  if (framing === 'until-close' || (control.coding !== undefined && control.length !== undefined)) return false;
  if (control.options?.has('close')) return false;
  return minorVersion === 1 || control.options?.has('keep-alive') === true;
}

function stripped(parsed: FieldList, control: Control, isUpgrade: boolean, isLengthVoid: boolean): string[] {
  const block: string[] = [];
  let hasLength = isLengthVoid;
  for (let i = 0; i + 1 < parsed.length; i += 2) {
    const name = parsed[i] ?? '';
    const kind = kindOf(name);
    if (kind === 'length') {
      if (!hasLength) block.push(name, control.length ?? '');
      hasLength = true;
    } else if (kind === 'upgrade' ? isUpgrade : kind === 'forward' && !isNamed(control, name))
      block.push(name, parsed[i + 1] ?? '');
  }
  return block;
}

function isNamed(control: Control, name: string): boolean {
  return control.options?.has(name.toLowerCase()) === true;
}

function timeoutMs(keepAlive: string): number | undefined {
  const seconds = KEEP_ALIVE_TIMEOUT.exec(keepAlive)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}
