import type { CallPayload } from "../interface/calls.ts";
import type { PortDescription } from "../interface/description.ts";
import type { Schemas } from "../interface/caps.ts";
import { MeshError } from "../interface/errors.ts";
import { PayloadCheck } from "../remote/payload-check.ts";

type Payloads = Readonly<Record<string, CallPayload>>;

/**
 * Puts bytes back where a type has them inside records, lists or maps: where a call brings JSON, they have come as base64. Sessions do so
 * in their streams.
 * @returns what does that to the payloads of a call; undefined where no port has such. It throws `code` with the port and the field
 */
export function bytesOfCalls(
  ports: Readonly<Record<string, PortDescription>>,
  schemas: Schemas,
  code: "invalid-argument" | "format-mismatch",
): ((payloads: Payloads) => Payloads) | undefined {
  const checks = new Map(
    Object.entries(ports).flatMap(([port, { type }]) => {
      const check = new PayloadCheck(type, schemas);
      return check.hasBytesInside ? [[port, check] as const] : [];
    }),
  );
  if (checks.size === 0) return undefined;
  return (payloads) =>
    Object.fromEntries(
      Object.entries(payloads).map(([port, call]) => {
        const check = checks.get(port);
        if (check === undefined) return [port, call];
        const problem = check.valueProblem(call.payload);
        if (problem !== undefined) throw new MeshError(code, `\`${port}\` breaks its type: ${problem}.`);
        return [port, { ...call, payload: check.restored(call.payload) }];
      }),
    );
}
