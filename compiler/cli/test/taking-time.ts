import { defineNode, type NodeDefinition } from "../../../runtime/interface/node.ts";

/** Gives each frame on after a while, so that a node takes as long as it declares. Others may follow meanwhile: work of a node overlaps as little or as much as the program has it. */
export function takingTime(ms: number): NodeDefinition {
  return defineNode({
    open(_, { clock, emit }) {
      const due = new Set<() => void>();
      let emptied = (): void => undefined;
      const tell = (): void => {
        if (due.size === 0) emptied();
      };
      const drop = (): void => {
        for (const cancel of due) cancel();
        due.clear();
        tell();
      };
      return {
        process({ payload, timestampUs, flags }) {
          const cancel = clock.schedule(ms, () => {
            due.delete(cancel);
            void emit("out", payload, { timestampUs, flags });
            tell();
          });
          due.add(cancel);
        },
        end: () => (due.size === 0 ? undefined : new Promise<void>((resolve) => (emptied = resolve))),
        flush: drop,
        close: drop,
      };
    },
  }) as NodeDefinition;
}
