/** Whether trying again is of no use: the connection was closed by its owner, or the user may not do this. */
export function isFinalFailure(error: unknown): boolean {
  const name = error instanceof Error ? error.name : '';
  return (
    name === 'ClosedConnectionError' || name === 'DrainingConnectionError' || /Permission|Authorization/.test(name)
  );
}
