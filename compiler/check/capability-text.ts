import { formatScalar, scalarNames } from "../../runtime/interface/caps.ts";
import type { Capability, CapabilityValue } from "../../runtime/interface/plan.ts";

/** A capability as a program writes it: `gpu(memory: 24GiB)`. */
export function capabilityText({ name, values, properties }: Capability): string {
  const parts = [
    ...values.map(valueText),
    ...Object.entries(properties).map(([key, value]) => `${key}: ${valueText(value)}`),
  ];
  return parts.length === 0 ? name : `${name}(${parts.join(", ")})`;
}

function valueText(value: CapabilityValue): string {
  if ("param" in value) return value.param;
  if ("env" in value) return `env("${value.env}")`;
  const { quantity, value: known } = value;
  // A word needs no quotes.
  if (typeof known === "string")
    return quantity === "text" && !/^[A-Za-z_]\w*$/.test(known) ? JSON.stringify(known) : known;
  if (quantity === "bool") return String(known !== 0);
  const scalar = scalarNames.find((one) => one === quantity);
  return scalar === undefined ? String(known) : formatScalar(scalar, known);
}
