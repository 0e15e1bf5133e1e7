import type { Capability, CapabilityValue } from "../../../runtime/interface/plan.ts";

const sizes: readonly (readonly [string, number])[] = [
  ["TiB", 2 ** 40],
  ["GiB", 2 ** 30],
  ["MiB", 2 ** 20],
  ["KiB", 2 ** 10],
];

/** A capability as a program writes it: `gpu(memory: 24GiB)`. */
export function capabilityText({ name, values, properties }: Capability): string {
  const inside = [
    ...values.map(valueText),
    ...Object.entries(properties).map(([key, value]) => `${key}: ${valueText(value)}`),
  ];
  return inside.length === 0 ? name : `${name}(${inside.join(", ")})`;
}

function valueText(value: CapabilityValue): string {
  if ("param" in value) return value.param;
  if ("env" in value) return `env ${value.env}`;
  const { quantity, value: known } = value;
  if (typeof known === "string") return quantity === "text" ? JSON.stringify(known) : known;
  if (quantity === "bool") return String(known !== 0);
  if (quantity === "size") {
    const [unit, bytes] = sizes.find(([, one]) => known >= one && known % one === 0) ?? ["B", 1];
    return `${known / bytes}${unit}`;
  }
  const units: Readonly<Record<string, string>> = { frequency: "Hz", duration: "us", bitrate: "bps", framerate: "fps" };
  return `${known}${units[quantity] ?? ""}`;
}
