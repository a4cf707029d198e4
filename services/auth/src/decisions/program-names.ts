/** What the usernames of programs begin with; the second: service tokens, which go by their id. */
const OF_PROGRAMS = /^(?:app:|stk_)/i;

/** Under this name a program that asks on its own behalf goes to origins: no person has it, whatever people call themselves. */
export function usernameOfProgram(clientId: string): string {
  return `app:${clientId}`;
}

/** Whether a person may go by it. */
export function isNameOfPerson(name: string): boolean {
  return !OF_PROGRAMS.test(name);
}
