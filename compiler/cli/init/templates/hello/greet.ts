import type { GreetNode } from "./main.mesh.js";

export const Greet: GreetNode = {
  open: ({ word }) => ({
    map: (name) => `${word}, ${name}!`,
  }),
};
