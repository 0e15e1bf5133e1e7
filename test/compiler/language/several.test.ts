import { judge } from "../support/judged.ts";

const declared = `
interface Talks { in question: text out answer: text }
node Work { in text out text }
node Count { in text out int }
node Tee { in text out left: text out right: text }
node Pair { in left: text in right: text out text }
node Beat { out signal }
node Slow { in text out text latency 300ms }
batch node Ask(model: text = "small") { in text out text }
pipeline Far: Talks { in question: text out answer: text question -> Work() -> answer }
node Words { in text out Word }
node Read { in Word out text }
record Word { text: text }
peer gpu { runs Far listens "webrtc://127.0.0.1:7444" }
`;
const inMain = (body: string): string =>
  `pipeline Main {\n  in  question: text\n  out answer: text\n${body}\n}\n${declared}`;

judge(
  "several mistakes in one pipeline",
  {
    "an unused let beside an unknown name":
      "let «2006 other» = Work()\nlet work = Work()\nquestion -> «2001 wrok» -> answer",
    "an unused let beside an unknown target": "let «2006 other» = Work()\nquestion -> answer\nquestion -> «2001 anser»",
    "an unfed input beside an unknown target":
      "let pair = «5001 Pair()»\nquestion -> pair.left\npair -> answer\nquestion -> «2001 anser»",
    "an unfed input beside an unknown source":
      "let pair = «5001 Pair()»\nquestion -> pair.left\npair -> answer\n«2001 questoin» -> Work()",
    "an unfed input, a wrong type and an unknown parameter":
      'let pair = «5001 Pair()»\nquestion -> pair.left\npair -> answer\nquestion -> Count() «3001 ->» Work()\nquestion -> Ask(«2008 modle»: "x")',
    "two unknown nodes": "question -> «2001 Wrok»() -> answer\nquestion -> «2001 Asks»()",
    "one unknown node, used twice": "let work = «2001 Wrok»()\nquestion -> work -> answer\nwork -> Work()",
    "two unknown ports": "let tee = Tee()\nquestion -> tee\ntee.«2002 up» -> answer\ntee.«2002 down» -> Work()",
    "a wrong option and a wrong value": "question -> answer with { «2010 bufer»: 4, deadline: «3003 200» }",
    "a wrong option and two sources": "question -> answer with { «2010 size»: 4 }\nquestion -> Work() -> «5002 answer»",
    "a budget exceeded and an unused remote":
      "remote «2006 talk»: Talks { at gpu.Far }\nquestion -> Slow() -> answer\nbudget «8001 100ms» question -> answer",
    "two budgets exceeded":
      "question -> Slow() -> answer\nbudget «8001 100ms» question -> answer\nbudget «8001 200ms» question -> answer",
    "a loop and an unused let":
      "let «2006 other» = Work()\nlet one = Work()\nlet two = Work()\n[question, two] -> one «5003 ->» two\none -> answer",
    "two loops":
      "let one = Work()\nlet two = Work()\n[question, one] «5003 ->» one -> answer\n[question, two] «5003 ->» two -> Work()",
    "a bad flush and a bad option of a node":
      "let work = Work() with { «2010 buffer»: 4 }\nquestion -> work -> answer\nquestion «3001 ->» flush work",
    "two remotes, wrong in their own ways":
      'remote one: Talks { at gpu.«2001 Fra» }\nremote two: Talks { at service "x", prefer «2010 nearest» }\nquestion -> one -> two -> answer',
    "a remote with a wrong clause, an unknown policy and a wrong target":
      "remote one: Talks with «2001 patient» {\n  retry «3003 2s» times\n  at gpu.Far\n  «6003 else Count()»\n}\nquestion -> one -> answer",
    "an interface and a peer that are unknown":
      "remote one: «2001 Tolks» { at gpu.Far }\nremote two: Talks { at «2001 gpo».Far }\nquestion -> [one, two] -> answer",
    "a remote without a target and one that nobody uses":
      "remote «6002 one»: Talks {\n}\nremote «2006 two»: Talks { at gpu.Far }\nquestion -> one -> answer",
    "a name twice and an unknown one":
      "let work = Work()\nlet «2003 work» = Count()\nquestion -> work -> answer\nquestion -> «2001 anser»",
    "five of them": `let «2006 idle» = Work()
let pair = «5001 Pair()»
question -> pair.left
pair -> answer
question -> Work() with { overflow: «3003 drop» }
question -> «2001 Wrok»()
budget «3003 400» question -> answer`,
    "a choice and a route":
      'question -> any(«2010 fast») [Work(), Work()] -> answer\nquestion -> route «3008 text» { "a" -> Work(), else -> Work() }',
    "a syntax error and an unknown node": "question «1009 ->»\nquestion -> «2001 Wrok»() -> answer",
    "a syntax error and a wrong value":
      "let work = «1024 Work»\nquestion -> work -> answer with { buffer: «3003 20ms» }",
    "a syntax error and a wrong type":
      "question -> [Work(), Work()«1005 »\nquestion -> Count() «3001 ->» Work()\nquestion -> answer",
    "two syntax errors": "question «1009 ->»\nlet work«1008 »\nquestion -> answer",
  },
  inMain,
);

judge(
  "one mistake that looks like two",
  {
    "a peer's pipeline in a let": "let far = «2007 gpu».Far\nquestion -> answer",
    "a peer's pipeline in a flow": "question -> «2007 gpu».Far -> answer",
    "a peer's pipeline at the end of a flow": "question -> answer\nquestion -> «2007 gpu».Far",
    "flush of several": "let work = Work()\nquestion -> work -> answer\nBeat() -> flush «1002 [»work, work]",
    "ends of a budget that are swapped": "question -> answer\nbudget 400ms «5006 answer» -> question",
    "options of a remote": "remote far: Talks with «1002 {» restart: never } { at gpu.Far }\nquestion -> far -> answer",
    "a route with a case for two":
      'question -> Words() -> route text { "a" «1001 |» "b" -> Read(), "c" -> Read() } -> answer',
    "a route with a colon": 'question -> Words() -> route text { "a"«1001 :» Read(), "c" -> Read() } -> answer',
  },
  inMain,
);

judge("several mistakes in several declarations", {
  "pipelines with one each": `
    pipeline One { in question: text out «5004 answer»: text question -> Work() }
    pipeline Two { in question: text out answer: text question -> «2001 Wrok»() -> answer }
    pipeline Three { in question: text out answer: text let «2006 work» = Work() question -> answer }
    node Work { in text out text }`,
  "a node that is wrong, and a use of it that is": `
    node Work(model: «2001 txt») { in text out text }
    pipeline Main { in question: text out answer: text question -> Work(«2008 modle»: 1) -> answer }`,
  "a policy, a peer and a scenario": `
    policy patient { timeout «2010 total» 3s }
    peer edge { listens «7001 "webrtc://0.0.0.0:7443"» runs Main }
    pipeline Main { in question: text out answer: text question -> answer }
    scenario "x" for Main {
      at 2s kill «2001 gpu»
      expect gap «2002 anser» <= 500ms
    }`,
  "a policy that is wrong, used by two remotes": `
    policy patient { retry «3003 3s» times }
    interface Talks { in question: text out answer: text }
    pipeline Main { in question: text out answer: text
      remote one: Talks with patient { at service "a" }
      remote two: Talks with patient { at service "b" }
      question -> one -> two -> answer
    }`,
  "an interface that is wrong, used by a pipeline and a remote": `
    interface Talks { in question: «2001 txet» out answer: text }
    pipeline Far: Talks { in question: text out answer: text question -> answer }
    pipeline Main { in question: text out answer: text
      remote one: Talks { at gpu.Far else Far() }
      question -> one -> answer
    }
    peer gpu { runs Far }`,
  "a pipeline that is wrong, in another, on a peer and in a scenario": `
    node Work { in text out text }
    pipeline Inner { in question: text out «5004 answer»: text question -> Work() }
    pipeline Main { in question: text out answer: text question -> Inner() -> answer }
    peer edge { runs Main runs Inner }
    scenario "x" for Inner { expect answer emits 1 within 1s }`,
  "a peer that is wrong, as a target": `
    interface Talks { in question: text out answer: text }
    pipeline Far: Talks { in question: text out answer: text question -> answer }
    pipeline Main { in question: text out answer: text
      remote one: Talks { at gpu.Far }
      question -> one -> answer
    }
    peer gpu { runs Far as "far" runs «2001 Near» provides memory(«3003 1GiB..2GiB») }`,
  "every family": `
    import { «2006 Gain» } from "std/audio"
    record «9001 word» { text: text }
    node Slow {
      in text
      out text
      latency 300ms
      requires gpu
    }
    interface Talks { in question: text out answer: text }
    pipeline Main { in question: text out answer: text out «5004 more»: text
      remote talk: Talks {
        at   Slow()
        «6001 else service "x"»
      }
      question -> talk with { buffer: «3003 4s» } -> answer
      budget «8001 100ms» question -> answer
    }
    peer edge {
      «4001 runs Main»
      listens «7001 "webrtc://0.0.0.0:7443"»
    }`,
  "three peers open to all": `
    peer one { listens «7001 "webrtc://0.0.0.0:1"» }
    peer two { listens «7001 "webrtc://0.0.0.0:2"» }
    peer three { listens "webrtc://127.0.0.1:3" allows «7003 "all"» }`,
  "scenarios with a mistake each": `
    pipeline Main { in question: text out answer: text question -> answer }
    peer edge { runs Main }
    scenario "a" for Main { at «3003 2» kill edge }
    scenario "b" for «2001 Mian» { at 2s kill edge expect anser emits 1 }
    scenario "c" for Main { expect no loss «2002 anser» at 2s kill «2001 egde» }`,
  "names in two styles": `
    node «9001 do_it»(«9002 Model»: text = "x") { in «9002 Question»: text out text }
    pipeline Main { in question: text out answer: text question -> do_it() -> answer }`,
});
