import { SallyportError } from '#libs/errors';

/** A value an admin gave cannot be taken: names field, value and remedy. All three may leave the process. */
export function refuseValue(
  code: string,
  problem: { readonly field: string; readonly value: string | number; readonly why: string; readonly remedy: string },
): SallyportError {
  const value = typeof problem.value === 'string' ? problem.value.slice(0, 300) : problem.value;
  return new SallyportError(code, `${problem.field} ${JSON.stringify(value)} ${problem.why}: ${problem.remedy}`, {
    expose: true,
    details: { field: problem.field, value, remedy: problem.remedy },
  });
}

export function appAbsent(appId: string): SallyportError {
  return new SallyportError('ERR_APP_ABSENT', `app ${JSON.stringify(appId.slice(0, 128))} does not exist`, {
    expose: true,
    details: { appId: appId.slice(0, 128) },
  });
}

export function groupAbsent(connectorGroupId: string): SallyportError {
  const shown = connectorGroupId.slice(0, 128);
  return new SallyportError(
    'ERR_GROUP_ABSENT',
    `connector group ${JSON.stringify(shown)} does not exist or is retired: create it, or name another`,
    { expose: true, details: { field: 'connectorGroupId', connectorGroupId: shown } },
  );
}

export function connectorAbsent(connectorId: string): SallyportError {
  const shown = connectorId.slice(0, 128);
  return new SallyportError('ERR_CONNECTOR_ABSENT', `connector ${JSON.stringify(shown)} does not exist`, {
    expose: true,
    details: { connectorId: shown },
  });
}

/** A maximum of this service is reached; nothing was changed. */
export function tooMany(code: string, what: string, max: number, remedy: string): SallyportError {
  return new SallyportError(code, `at most ${max} ${what}: ${remedy}`, { expose: true, details: { max } });
}
