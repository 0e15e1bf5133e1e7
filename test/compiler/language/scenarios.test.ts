import { judge } from "../support/judged.ts";

const declared = `
interface Talks { in question: text out answer: text }
node Work { in text out text }
pipeline Far: Talks { in question: text out answer: text question -> Work() -> answer }
pipeline Near: Talks { in question: text out answer: text question -> answer }
pipeline Main {
  in  question: text
  out answer: text
  out captions: text
  remote talk: Talks {
    at   gpu.Far
    else "grpc://far.example.com/far"
    else service "talker" where cpu
    else Near()
  }
  question -> talk -> [answer, captions]
}
peer edge { runs Main provides cpu }
peer gpu { runs Far listens "webrtc://127.0.0.1:7444" provides cpu }
`;
const scene = (steps: string): string => `scenario "it works" for Main {\n${steps}\n}\n${declared}`;

judge(
  "steps",
  {
    none: "",
    kill: "at 2s kill gpu",
    "pause and resume": "at 2s pause gpu\nat 3s resume gpu",
    "cut and heal": "at 2s cut edge..gpu\nat 4s heal edge..gpu",
    delay: "at 500ms delay edge..gpu 80ms",
    lose: "at 1min lose gpu..edge 5%",
    "lose all": "at 1s lose edge..gpu 100%",
    "lose part of a percent": "at 1s lose edge..gpu 0.5%",
    "at the start": "at 0s kill gpu",
    feed: 'feed question from "./questions.txt"',
    emits: "expect answer emits 3 within 2s",
    "emits without a time": "expect answer emits 1",
    "emits none": "expect answer emits 0 within 2s",
    "uses a local pipeline": "expect talk uses Near within 1s",
    "uses a local pipeline, as it is written": "expect talk uses Near() within 1s",
    "uses a pipeline of a peer": "expect talk uses gpu.Far within 1s",
    "uses an address": 'expect talk uses "grpc://far.example.com/far" within 1s',
    "uses a service": 'expect talk uses service "talker" within 1s',
    "uses without a time": "expect talk uses gpu.Far",
    gap: "expect gap captions <= 500ms",
    latency: "expect latency question -> answer p99 <= 300ms",
    "latency of the middle": "expect latency question -> answer p50 <= 30ms",
    "latency from within": "expect latency talk -> answer p95 <= 300ms",
    "no loss": "expect no loss answer",
    "no duplicates": "expect no duplicates captions",
    "all of them": `  feed question from "./questions.txt"
  at 1s delay edge..gpu 80ms
  at 2s kill gpu // it dies
  expect talk uses Near within 1s
  expect answer emits 10 within 10s
  expect gap answer <= 500ms
  expect no loss answer
  expect no duplicates answer`,
    "not in order of time": "at 3s kill gpu\nat 1s delay edge..gpu 20ms",
  },
  scene,
);

judge(
  "steps that are wrong",
  {
    "an unknown peer": "at 2s kill «2001 gpo»",
    "a pipeline in place of a peer": "at 2s kill «2007 Far»",
    "an unknown peer of a link": "at 2s cut edge..«2001 gpo»",
    "a link of one": "at 2s cut edge..«3003 edge»",
    "an unknown step": "at 2s «2010 stop» gpu",
    "a step without its second peer": "at 2s cut «3003 gpu»",
    "kill of a link": "at 2s kill edge..«3003 gpu»",
    "a time without a unit": "at «3003 2» kill gpu",
    "a time in Hz": "at «3003 2Hz» kill gpu",
    "a delay without how long": "at 2s «3003 delay» edge..gpu",
    "a delay without a unit": "at 2s delay edge..gpu «3003 80»",
    "a delay by percent": "at 2s delay edge..gpu «3003 5%»",
    "a loss by time": "at 2s lose edge..gpu «3003 80ms»",
    "a loss without percent": "at 2s lose edge..gpu «3003 5»",
    "a loss beyond all": "at 2s lose edge..gpu «3005 150%»",
    "feed of an unknown port": 'feed «2002 questoin» from "./a.txt"',
    "feed of an output": 'feed «5006 answer» from "./a.txt"',
    "feed from nothing": "feed question from«1004 »",
    "emits of an unknown port": "expect «2002 anser» emits 3 within 2s",
    "emits of an input": "expect «5006 question» emits 3 within 2s",
    "emits in time": "expect answer emits «3003 3s» within 2s",
    "emits half": "expect answer emits «3003 1.5» within 2s",
    "emits within a bare number": "expect answer emits 3 within «3003 2»",
    "uses of an unknown remote": "expect «2001 tolk» uses Near within 1s",
    "uses of an output": "expect «2001 answer» uses Near within 1s",
    "uses an unknown pipeline": "expect talk uses «2001 Naer» within 1s",
    "uses what is no target": "expect talk uses «2001 Main» within 1s",
    "uses a peer's pipeline that is no target": "expect talk uses «2001 edge.Main» within 1s",
    "uses another address": 'expect talk uses «2001 "grpc://other.example.com/far"» within 1s',
    "uses another service": 'expect talk uses «2001 service "other"» within 1s',
    "uses within a bare number": "expect talk uses Near within «3003 1»",
    "gap of an unknown port": "expect gap «2002 caption» <= 500ms",
    "gap without a unit": "expect gap captions <= «3003 500»",
    "gap of an input": "expect gap «5006 question» <= 500ms",
    "gap that is larger": "expect gap captions «1001 >=» 500ms",
    "latency from an unknown port": "expect latency «2001 mic» -> answer p99 <= 300ms",
    "latency to an unknown port": "expect latency question -> «2001 anser» p99 <= 300ms",
    "latency of an unknown share": "expect latency question -> answer «2010 slowest» <= 300ms",
    "latency of a share beyond all": "expect latency question -> answer «2010 p101» <= 300ms",
    "latency without a unit": "expect latency question -> answer p99 <= «3003 300»",
    "no loss of an unknown port": "expect no loss «2002 anser»",
    "no loss of an input": "expect no loss «5006 question»",
    "an unknown expectation": "expect no «2010 errors» answer",
  },
  scene,
);

judge("scenarios", {
  "an unknown pipeline": `scenario "x" for «2001 Mian» {\n  at 2s kill gpu\n}\n${declared}`,
  "a node": `scenario "x" for «2007 Work» {\n  at 2s kill gpu\n}\n${declared}`,
  "two of one name": `scenario "x" for Main {\n}\nscenario «2003 "x"» for Main {\n}\n${declared}`,
  "two for one pipeline": `scenario "x" for Main {\n}\nscenario "y" for Main {\n}\n${declared}`,
});

judge("style", {
  "all names as they should be": `
    enum Language { en, de_at, frCa }
    record Word { spokenText: text, spoken_text2: text }
    node Work(some_value: int = 1, someValue: int = 2) { in text out text }
    peer edge_one { runs Main }
    pipeline Main { in theQuestion: text out the_answer: text
      let work1 = Work()
      theQuestion -> work1 -> the_answer
    }`,
  "a record": "record «9001 word» { text: text }",
  "an enum": "enum «9001 language» { en, de }",
  "a node": "node «9001 do_work» { in text out text }",
  "a node that is used":
    "node «9001 work» { in text out text }\npipeline Main { in question: text out answer: text question -> work() -> answer }",
  "an interface": "interface «9001 talks» { in text out text }",
  "a pipeline": "pipeline «9001 main_one» { in question: text out answer: text question -> answer }",
  "a pipeline with an underscore": "pipeline «9001 Main_One» { in question: text out answer: text question -> answer }",
  "a field": "record Word { «9002 Text»: text }",
  "a parameter": 'node Work(«9002 Model»: text = "x") { in text out text }',
  "an input": "node Work { in «9002 Question»: text out text }",
  "an output of a pipeline": "pipeline Main { in question: text out «9002 Answer»: text question -> Answer }",
  "a let":
    "node Work { in text out text }\npipeline Main { in question: text out answer: text\n  let «9002 Work1» = Work()\n  question -> Work1 -> answer }",
  "a remote": `pipeline Main2 { in question: text out answer: text\n  remote «9002 Talk»: Talks { at Near() }\n  question -> Talk -> answer }\n${declared}`,
  "a member in capitals": "record Word { «9002 SPOKEN_TEXT»: text }",
  "a member of both styles": "record Word { «9002 spoken_Text»: text }",
});
