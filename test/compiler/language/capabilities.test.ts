import { judge } from "../support/judged.ts";

/** A node that requires something, in a pipeline on a peer that provides something: `requires | provides`. */
const placed = (requires: string, provides: string): string => {
  const wrong = requires.startsWith("!");
  const asked = requires.replace(/^!/u, "");
  return `node Work {\n  in text\n  out text\n  requires ${asked}\n}
pipeline Main { in question: text out answer: text question -> Work() -> answer }
peer edge {
  ${wrong ? "«4001 runs Main»" : "runs Main"}
  provides ${provides}
}`;
};

const table = (rows: readonly (readonly [string, string])[]): Record<string, string> =>
  Object.fromEntries(rows.map(([requires, provides]) => [`${requires} | ${provides}`, placed(requires, provides)]));

judge(
  "what is required is provided",
  table([
    ["gpu", "gpu"],
    ["gpu", "gpu(memory: 24GiB)"],
    ["gpu", "cpu, gpu"],
    ["gpu, cpu", "cpu, gpu"],
    ["gpu.memory >= 8GiB", "gpu(memory: 24GiB)"],
    ["gpu.memory >= 8GiB", "gpu(memory: 8GiB)"],
    ["gpu.memory > 8GiB", "gpu(memory: 24GiB, cores: 8)"],
    ["gpu.memory >= 2000MiB", "gpu(memory: 2GiB)"],
    ["gpu.memory <= 1TiB", "gpu(memory: 24GiB)"],
    ["gpu.memory != 24GiB", "gpu(memory: 8GiB)"],
    ['gpu.vendor == "acme"', 'gpu(vendor: "acme")'],
    ['gpu.vendor != "acme"', 'gpu(vendor: "other")'],
    ["gpu.cores >= 8, gpu.memory >= 8GiB", "gpu(cores: 8, memory: 8GiB)"],
    ["memory >= 2GiB", "memory(8GiB)"],
    ["memory == 8GiB", "memory(8GiB)"],
    ["memory", "memory(8GiB)"],
    ["slots >= 2", "slots(8)"],
    ["slots < 9", "slots(8)"],
    ["cuda >= 12", "cuda(12.4)"],
    ["cuda >= 12.4", "cuda(12.4)"],
    ["cuda >= 12.4", "cuda(12.10)"],
    ["cuda >= 9", "cuda(12.4)"],
    ["cuda >= 9.2.1", "cuda(10.0)"],
    ["cuda < 13", "cuda(12.4)"],
    ["cuda > 11.8", "cuda(12)"],
    ["cuda", "cuda(12.4)"],
    ["codecs(opus)", "codecs(opus, vp8)"],
    ["codecs(opus, vp8)", "codecs(vp8, opus)"],
    ["codecs(opus, vp8)", "codecs(opus), codecs(vp8)"],
    ["gpu or npu", "npu"],
    ["gpu.memory >= 8GiB or memory >= 64GiB", "gpu(memory: 2GiB), memory(64GiB)"],
    ["gpu or npu, cpu", "npu, cpu"],
    ["uplink >= 10Mbps", "uplink(1Gbps)"],
    ["camera.resolution >= 640x360", "camera(resolution: 1280x720)"],
    ["camera.rate >= 25fps", "camera(rate: 30fps)"],
    ["clock >= 2500MHz", "clock(3GHz)"],
    ["near == true", "near(true)"],
    ['zone == "eu"', 'zone("eu")'],
  ]),
);

judge(
  "what is required is not provided",
  table([
    ["!gpu", "cpu"],
    ["!gpu, cpu", "cpu"],
    ["!gpu.memory >= 8GiB", "gpu"],
    ["!gpu.memory >= 8GiB", "gpu(memory: 4GiB)"],
    ["!gpu.memory >= 8GiB", "gpu(cores: 8)"],
    ["!gpu.memory >= 8GiB", "memory(64GiB)"],
    ["!gpu.memory > 8GiB", "gpu(memory: 8GiB)"],
    ["!gpu.memory < 8GiB", "gpu(memory: 8GiB)"],
    ["!gpu.cores != 8", "gpu(cores: 8)"],
    ['!gpu.vendor == "acme"', 'gpu(vendor: "other")'],
    ['!gpu.vendor != "acme"', "gpu"],
    ["!memory >= 2GiB", "memory(1024MiB)"],
    ["!memory == 2GiB", "memory(4GiB)"],
    ["!slots >= 9", "slots(8)"],
    ["!cuda >= 12", "cuda(9.4)"],
    ["!cuda >= 12", "cuda(9)"],
    ["!cuda >= 12.10", "cuda(12.4)"],
    ["!cuda >= 12.4.1", "cuda(12.4)"],
    ["!cuda < 12", "cuda(12.4)"],
    ["!cuda >= 12", "gpu"],
    ["!codecs(opus, vp8)", "codecs(opus)"],
    ["!codecs(h264)", "codecs(opus, vp8)"],
    ["!gpu or npu", "cpu"],
    ["!gpu.memory >= 8GiB or memory >= 64GiB", "gpu(memory: 2GiB), memory(32GiB)"],
    ["!uplink >= 1Gbps", "uplink(100Mbps)"],
    ["!camera.resolution >= 1920x1080", "camera(resolution: 1280x720)"],
  ]),
);

const work = "node Work { in text out text requires gpu }\nnode Plain { in text out text }";
const inside = "in question: text out answer: text";

judge("where a requirement comes from", {
  "nothing is declared to run it": `${work}\npipeline Main { ${inside} question -> Work() -> answer }`,
  "the pipeline itself": `pipeline Main { ${inside} requires gpu question -> answer }\npeer edge { «4001 runs Main» provides cpu }`,
  "the interface": `interface Talks { ${inside} requires gpu }\npipeline Main: Talks { ${inside} question -> answer }\npeer edge { «4001 runs Main» provides cpu }`,
  "a pipeline in place of a node": `${work}\npipeline Inner { ${inside} question -> Work() -> answer }\npipeline Main { ${inside} question -> Inner() -> answer }\npeer edge { «4001 runs Main» provides cpu }`,
  "a node in a branch": `${work}\npipeline Main { ${inside} question -> [answer, any(fastest) [Plain(), Work()]] }\npeer edge { «4001 runs Main» }`,
  "a local fallback": `${work}\ninterface Talks { ${inside} }\npipeline Near: Talks { ${inside} question -> Work() -> answer }\npipeline Main { ${inside}
  remote talk: Talks { at service "talker" else Near() }
  question -> talk -> answer }\npeer edge { «4001 runs Main» provides cpu }`,
  "not what a remote's peer has": `${work}\ninterface Talks { ${inside} }\npipeline Far: Talks { ${inside} question -> Work() -> answer }\npipeline Main { ${inside}
  remote talk: Talks { at gpu.Far }
  question -> talk -> answer }\npeer edge { runs Main provides cpu }\npeer gpu { runs Far provides gpu }`,
  "two things on one peer": `node Work {\n in text\n out text\n requires gpu\n}\nnode Other { in text out text requires npu }\npipeline One { ${inside} question -> Work() -> answer }\npipeline Two { ${inside} question -> Other() -> answer }\npeer edge {\n  «4001 runs One»\n  «4001 runs Two»\n}`,
  "a thing provided twice": "peer edge { provides gpu, gpu(memory: 8GiB), gpu(memory: 24GiB) }",
  "one pipeline on two peers, of which one has it": `${work}\npipeline Main { ${inside} question -> Work() -> answer }\npeer edge { «4001 runs Main» }\npeer gpu { runs Main provides gpu }`,
  "one node in two pipelines": `${work}\npipeline One { ${inside} question -> Work() -> answer }\npipeline Two { ${inside} question -> Work() -> answer }\npeer edge {\n  «4001 runs One»\n  «4001 runs Two»\n}`,
  "no peer has what a node requires": `node Work {\n in text\n out text\n requires «4002 npu»\n}\npeer gpu { provides gpu }`,
  "no peer has what an interface requires": `interface Talks {\n  ${inside}\n  requires «4002 gpu.memory >= 8GiB»\n}\npeer gpu { provides gpu(memory: 4GiB) }`,
  "no peer has one of two": `node Work {\n in text\n out text\n requires gpu, «4002 npu or tpu»\n}\npeer gpu { provides gpu }`,
  "no peer has a version": `node Work {\n in text\n out text\n requires «4002 cuda >= 13»\n}\npeer gpu { provides cuda(12.4) }`,
  "the target's peer lacks it": `interface Talks { ${inside} requires gpu }\npipeline Far { ${inside} question -> answer }\npipeline Main { ${inside}
  remote talk: Talks { «4003 at edge.Far» }
  question -> talk -> answer }\npeer edge { runs Far provides cpu }\npeer gpu { provides gpu }`,
});

const asked = (requires: string, peer = ""): string =>
  `node Work {\n in text\n out text\n requires ${requires}\n}${peer}`;
judge("requirements that are wrong", {
  "an amount of the wrong dimension": `${asked("memory >= «3003 2s»", "\npipeline Main { in question: text out answer: text question -> Work() -> answer }\npeer edge { runs Main provides memory(8GiB) }")}`,
  "an amount without its unit": `${asked("memory >= «3003 2»", "\npipeline Main { in question: text out answer: text question -> Work() -> answer }\npeer edge { runs Main provides memory(8GiB) }")}`,
  "a property of the wrong dimension": `${asked("gpu.memory >= «3003 8GHz»", "\npeer edge { provides gpu(memory: 8GiB) }")}`,
  "a text compared with an amount": `${asked('memory >= «3003 "much"»', "\npeer edge { provides memory(8GiB) }")}`,
  "an unknown parameter": asked("memory >= «2001 needed»"),
  "no value to compare with": `${asked("memory >=«1004 »")}`,
  "one equals sign": `${asked("memory «1015 =» 8GiB")}`,
  "nothing required": "node Work {\n  in text\n  out text\n  requires«1002 »\n}",
  "one property twice": "peer edge { provides gpu(memory: 8GiB, «2003 memory: 16GiB») }",
  "a range provided": "peer edge { provides memory(«3003 1GiB..2GiB») }",
  "a comparison provided": "peer edge {\n  provides memory «1015 >=» 8GiB\n}",
});
