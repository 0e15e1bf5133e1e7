import { describe } from "vitest";
import { soundness } from "./suite.ts";

describe("soundness, part 1", () => soundness(1));
