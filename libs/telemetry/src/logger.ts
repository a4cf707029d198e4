export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, unknown>>;

/** One JSON line per call: `at`, `level`, `service`, `message`, then the fields. Messages are constant text: values go into fields. */
export type Logger = {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to every line. */
  child(fields: LogFields): Logger;
};

const RANK: Readonly<Record<LogLevel, number>> = { debug: 10, info: 20, warn: 30, error: 40 };

/** Longest text kept of one value, in characters. */
const MAX_VALUE_LENGTH = 4000;

export function createLogger(options: {
  readonly service: string;
  readonly write: (line: string) => void;
  /** Default `info`. */
  readonly level?: LogLevel;
  readonly fields?: LogFields;
}): Logger {
  const floor = RANK[options.level ?? 'info'];
  const log = (level: LogLevel, message: string, fields?: LogFields) => {
    if (RANK[level] < floor) return;
    const line = {
      at: new Date().toISOString(),
      level,
      service: options.service,
      message,
      ...options.fields,
      ...fields,
    };
    options.write(`${JSON.stringify(line, loggable)}\n`);
  };
  return {
    debug: (message, fields) => log('debug', message, fields),
    info: (message, fields) => log('info', message, fields),
    warn: (message, fields) => log('warn', message, fields),
    error: (message, fields) => log('error', message, fields),
    child: (fields) => createLogger({ ...options, fields: { ...options.fields, ...fields } }),
  };
}

function loggable(_key: string, value: unknown): unknown {
  if (value instanceof Error) {
    const { name, message, stack } = value;
    const code = 'code' in value ? value.code : undefined;
    const details = 'details' in value ? value.details : undefined;
    return { name, message, code, details, stack, cause: value.cause };
  }
  if (typeof value === 'string' && value.length > MAX_VALUE_LENGTH) return `${value.slice(0, MAX_VALUE_LENGTH)}...`;
  if (typeof value === 'bigint') return value.toString();
  return value;
}
