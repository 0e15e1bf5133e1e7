import { MeshError, type ErrorCode } from "../../runtime/interface/errors.ts";

/** What a call of a remote object comes to, as plain data. */
export type Outcome =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "object"; readonly id: number }
  | {
      readonly kind: "failure";
      readonly code: ErrorCode | undefined;
      readonly message: string;
      readonly hint: string | undefined;
    };

export type Invoke = (id: number, method: string, args: readonly unknown[]) => Promise<Outcome>;

/** Objects that are called from elsewhere by their numbers. What is no plain data of what they give joins them. */
export class RemoteObjects {
  readonly #objects: object[] = [];
  readonly #isRemote: (value: unknown) => boolean;

  constructor(isRemote: (value: unknown) => boolean) {
    this.#isRemote = isRemote;
  }

  /** Gives its number. */
  add(object: object): number {
    return this.#objects.push(object) - 1;
  }

  readonly invoke: Invoke = async (id, method, args) => {
    try {
      const object = this.#objects[id] as Record<string, (...args: readonly unknown[]) => Promise<unknown>>;
      const value = await object[method]?.(...args);
      return this.#isRemote(value) ? { kind: "object", id: this.add(value as object) } : { kind: "value", value };
    } catch (error) {
      const known = error instanceof MeshError ? error : undefined;
      const message = error instanceof Error ? error.message : String(error);
      return { kind: "failure", code: known?.code, message, hint: known?.hint };
    }
  };
}

/** Stands for an object elsewhere, all of whose methods are asynchronous. */
export function remoteObject<T extends object>(invoke: Invoke, id: number): T {
  return new Proxy({} as T, {
    get(_, method) {
      // It is no promise itself.
      if (typeof method !== "string" || method === "then") return undefined;
      return async (...args: readonly unknown[]) => {
        const outcome = await invoke(id, method, args);
        if (outcome.kind === "value") return outcome.value;
        if (outcome.kind === "object") return remoteObject(invoke, outcome.id);
        const { code, message, hint } = outcome;
        throw code === undefined
          ? new Error(message)
          : new MeshError(code, message, hint === undefined ? {} : { hint });
      };
    },
  });
}
