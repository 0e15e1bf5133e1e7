import { describe } from "vitest";
import { soundness } from "./suite.ts";

describe("soundness, part 2", () => soundness(2));
