import process from "node:process";

/**
 * A whole number that an environment variable may set for a suite.
 * @throws {Error} in one line that names the variable, what it holds and what it takes
 */
export function envNumber(name: string, otherwise: number, env: NodeJS.ProcessEnv = process.env): number {
  const text = env[name];
  if (text === undefined) return otherwise;
  const number = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= 0x7fff_ffff) return number;
  throw new Error(`${name} is a whole number from 1 to ${0x7fff_ffff}, such as ${otherwise}, not "${text}".`);
}
