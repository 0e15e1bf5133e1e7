import type { PortInfo } from "./signature.ts";

type Ports = ReadonlyMap<string, PortInfo>;

/** The port that stands for one of a contract: that of the same name, or the only one where the contract has only one. */
export function counterpart(name: string, contract: Ports, own: Ports): PortInfo | undefined {
  const same = own.get(name);
  if (same !== undefined || contract.size !== 1 || own.size !== 1) return same;
  const [only] = own.values();
  return only;
}
