import type { FlowType } from "../../interface/caps.ts";

/** Of a port, what counts for which one is meant. */
interface Port {
  readonly type: FlowType;
  readonly optional: boolean;
}

/**
 * The port of a found pipeline that stands for one of the caller's: that of the same name, else the sole one for the sole one. What is a
 * signal or optional does not count.
 * @param wanted the caller's, by name
 */
export function counterpart(
  name: string,
  wanted: Readonly<Record<string, FlowType>>,
  own: Readonly<Record<string, Port>>,
): string | undefined {
  if (Object.hasOwn(own, name)) return name;
  const asked = Object.entries(wanted).filter(([, type]) => type.kind !== "signal" && type.kind !== "optional");
  if (asked.length !== 1 || asked[0]?.[0] !== name) return undefined;
  const [sole, ...others] = Object.entries(own).filter(([, { type, optional }]) => type.kind !== "signal" && !optional);
  return sole === undefined || others.length > 0 || Object.hasOwn(wanted, sole[0]) ? undefined : sole[0];
}
