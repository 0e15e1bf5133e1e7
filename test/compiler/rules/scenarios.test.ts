import { describe, it } from "vitest";
import { expectOnly } from "../support/marked.ts";

const scenario = (steps: string, name = "Talk"): string => `
interface Talks { in t: text
 out u: text }
pipeline Local: Talks { in t: text
 out u: text
 t -> u }
pipeline Far: Talks { in t: text
 out u: text
 t -> u }
pipeline Talk { in t: text
 out u: text
 let gate = Gate()
 remote r: Talks { at gpu.Far
  else service "talker"
  else "webrtc://far/talker"
  else Local() }
 t -> gate -> r -> u }
node Gate { in text
 out text
 from "./x.ts" }
peer edge { runs Talk }
peer gpu { runs Far as "far" }
scenario "it goes on" for ${name} {
 ${steps}
}`;

describe("scenarios", () => {
  it.each([
    ["kill", "at 2s kill gpu"],
    ["pause and resume", "at 1s pause gpu\n at 2s resume gpu"],
    ["cut and heal", "at 1s cut edge..gpu\n at 2s heal edge..gpu"],
    ["delay", "at 1s delay edge..gpu 80ms"],
    ["loss", "at 1s lose edge..gpu 5%"],
    ["feed", 'feed t from "question.txt"'],
    ["emits", "expect u emits 3 within 2s"],
    ["emits without a time", "expect u emits 0"],
    ["uses a local target", "expect r uses Local within 1s"],
    ["uses a local target as it is written", "expect r uses Local() within 1s"],
    ["uses a peer", "expect r uses gpu.Far"],
    ["uses a peer by the name there", "expect r uses gpu.far"],
    ["uses an address", 'expect r uses "webrtc://far/talker"'],
    ["uses a service", 'expect r uses service "talker"'],
    ["gap", "expect gap u <= 500ms"],
    ["latency", "expect latency t -> u p99 <= 400ms"],
    ["latency of a part", "expect latency gate -> r p50 <= 400ms"],
    ["no loss", "expect no loss u\n expect no duplicates u"],
    ["nothing", ""],
  ])("take %s", (_, steps) => {
    expectOnly(undefined, scenario(steps));
  });

  it.each([
    ["an unknown peer", "MESH2001", "at 2s kill «gpuu»"],
    ["an unknown end of a path", "MESH2001", "at 2s cut edge..«gpuu»"],
    ["a pipeline as a peer", "MESH2007", "at 2s kill «Far»"],
    ["an unknown deed", "MESH2010", "at 2s «murder» gpu"],
    ["a misspelt deed", "MESH2010", "at 2s «kil» gpu"],
    ["a time of another kind", "MESH3003", "at «2kHz» kill gpu"],
    ["a path where one peer is meant", "MESH3003", "at 2s kill edge..«gpu»"],
    ["one peer where a path is meant", "MESH3003", "at 2s cut «edge»"],
    ["a path to itself", "MESH3003", "at 2s cut edge..«edge»"],
    ["a delay of a size", "MESH3003", "at 2s delay edge..gpu «80MiB»"],
    ["a delay of unknown length", "MESH3003", "at 2s «delay» edge..gpu"],
    ["a loss of all and more", "MESH3005", "at 2s lose edge..gpu «120%»"],
    ["a value that is not wanted", "MESH3003", "at 2s kill gpu «80ms»"],
    ["an unknown input", "MESH2002", 'feed «tt» from "x.txt"'],
    ["feeding an output", "MESH5006", 'feed «u» from "x.txt"'],
    ["an unknown output", "MESH2002", "expect «v» emits 3 within 2s"],
    ["watching an input", "MESH5006", "expect «t» emits 3 within 2s"],
    ["a number of another kind", "MESH3003", "expect u emits «3s» within 2s"],
    ["an unknown remote", "MESH2001", "expect «rr» uses Local"],
    ["a let as a remote", "MESH2007", "expect «gate» uses Local"],
    ["what is no target", "MESH2001", "expect r uses «Talk»"],
    ["what is no target of the peer", "MESH2001", "expect r uses «gpu.Local»"],
    ["an unknown address", "MESH2001", 'expect r uses «"webrtc://farther/talker"»'],
    ["a gap of another kind", "MESH3003", "expect gap u <= «500kHz»"],
    ["an unknown percentile", "MESH2010", "expect latency t -> u «median» <= 400ms"],
    ["a latency from nowhere", "MESH2001", "expect latency «x» -> u p99 <= 400ms"],
    ["a latency backwards", "MESH5006", "expect latency t -> «t» p99 <= 400ms"],
    ["being free of something else", "MESH2010", "expect no «jitter» u"],
  ])("refuse %s", (_, code, steps) => {
    expectOnly(code, scenario(steps));
  });

  it("name a pipeline that is there", () => {
    expectOnly("MESH2001", scenario("at 2s kill gpu", "«Talkk»"));
    expectOnly("MESH2007", scenario("expect u emits 3", "«Talks»"));
  });

  it("have titles of their own", () => {
    expectOnly("MESH2003", `${scenario("")}\nscenario «"it goes on"» for Talk { }`);
  });
});
