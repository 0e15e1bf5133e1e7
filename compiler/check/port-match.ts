import { defaultPort, type PortInfo } from "./signature.ts";

type Ports = ReadonlyMap<string, PortInfo>;

/**
 * The port that stands for one of a contract: that of the same name, else the sole one for the sole one. What is a signal
 * or optional does not count, as where a step names no port.
 */
export function counterpart(name: string, contract: Ports, own: Ports): PortInfo | undefined {
  const same = own.get(name);
  if (same !== undefined || defaultPort(contract)?.name !== name) return same;
  const sole = defaultPort(own);
  return sole === undefined || contract.has(sole.name) ? undefined : sole;
}
