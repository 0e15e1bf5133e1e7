import { judge } from "../support/judged.ts";

const declared = `
node Work { in text out text }
node Tee { in text out left: text out right: text }
node Pair { in left: text in right: text out text }
node Ring { in text in reset: signal out text }
node Later { in text out text delays }
node Say { in text out spoken: text out done: signal }
node Hinted { in text in hint: text? out text }
node Counted { in text out text out count: int? }
node Sink { in text }
node Tick { out text }
node Beat { out signal }
node Both { in left: text in right: text out text join time within 20ms }
node Words { in text out Word }
node Read { in Word out text }
batch node Ask(model: text = "small") { in text out text }
batch node Other { in text out text }
enum Language { en, de, fr }
record Origin { city: text, floor: int, language: Language }
record Word { text: text, language: Language, score: float, count: int, ready: bool, origin: Origin, took: duration }
pipeline Inner { in question: text out answer: text question -> Work() -> answer }
batch pipeline AskTwice { in question: text out answer: text question -> Ask() -> Other() -> answer }
`;

const inMain = (body: string): string =>
  `pipeline Main {\n  in  question: text\n  out answer: text\n${body}\n}\n${declared}`;

judge(
  "chains",
  {
    "input to output": "question -> answer",
    "input to output with converters allowed": "question ~> answer",
    "an unnamed node": "question -> Work() -> answer",
    "both arrows in one chain": "question -> Work() ~> Work() -> answer",
    "a chain over lines": "question\n    -> Work()\n    -> Work()\n    -> answer",
    "a comment between the lines of a chain": "question // said\n    /* then */ -> Work() // worked\n    -> answer",
    "a named node, in two statements": "let work = Work()\nquestion -> work\nwork -> answer",
    "a let after its use": "question -> work -> answer\nlet work = Work()",
    "a node with its argument": 'question -> Ask(model: "large") -> answer',
    "one output in two statements": "let work = Work()\nquestion -> work -> answer\nquestion -> Sink()",
    "an output that nobody uses": "question -> [answer, Work()]",
    "one of two outputs used": "let tee = Tee()\nquestion -> tee\ntee.left -> answer",
    "ports on both ends":
      "let tee = Tee()\nlet pair = Pair()\nquestion -> tee\ntee.left -> pair.left\ntee.right -> pair.right\npair -> answer",
    "the unnamed ports by their names": "let work = Work()\nquestion -> work.in\nwork.out -> answer",
    "an optional input left out": "question -> Hinted() -> answer",
    "an optional input fed": "let hinted = Hinted()\nquestion -> [hinted, Work() -> hinted.hint]\nhinted -> answer",
    "an optional output beside the one that is meant": "question -> Counted() -> answer",
    "a signal input left out": "question -> Ring() -> answer",
    "a sole signal output without its name": "let ring = Ring()\nquestion -> ring -> answer\nBeat() -> ring.reset",
    "a signal output beside the one that is meant": "question -> Say() -> answer",
    "a source and a sink without ports outside": "question -> answer\nTick() -> Sink()",
    "a named source in a merge": "let tick = Tick()\n[question, tick] -> answer",
    "a batch node in a stream": "question -> Ask() -> answer",
    "a batch pipeline in a stream": "question -> AskTwice() -> answer",
    "a pipeline in place of a node": "question -> Inner() -> answer",
    "a named pipeline": "let inner = Inner()\nquestion -> inner.question\ninner.answer -> answer",
    "a let named like a declaration of the file": "let Inner2 = Inner()\nquestion -> Inner2 -> answer".replaceAll(
      "Inner2",
      "inner2",
    ),
  },
  inMain,
);

judge(
  "words of the language as names",
  {
    "a let called in": "let in = Work()\nquestion -> in\nin -> answer",
    "a let called out": "let out = Work()\nquestion -> out\nout -> answer",
    "a let called let": "let let = Work()\nquestion -> let\nlet -> answer",
    "a let called remote": "let remote = Work()\nquestion -> remote\nremote -> answer",
    "a let called budget": "let budget = Work()\nquestion -> budget\nbudget -> answer",
    "a let called join": "let join = Work()\nquestion -> join\njoin ~> answer",
    "a let called latency": "let latency = Tee()\nquestion -> latency\nlatency.left -> answer",
    "a let called requires": "let requires = Tee()\nquestion -> requires\nrequires.left -> answer",
    "a let called delays": "let delays = Work()\nquestion -> delays\ndelays -> answer",
    "a let called from": "let from = Work()\nquestion -> from\nfrom -> answer",
    "a let called with, with options":
      "let with = Work() with { worker: true }\nquestion -> with with { buffer: 4 } -> answer",
    "a let called node": "let node = Work()\nquestion -> node\nnode -> answer",
    "a let called idempotent": "let idempotent = Work()\nquestion -> idempotent\nidempotent -> answer",
    "a let called batch": "let batch = Work()\nquestion -> [batch, Work()]\nbatch -> answer",
    "a let called converts": "let converts = Work()\nquestion -> converts\nconverts -> answer",
    "lets called like types": "let audio = Work()\nlet text = Work()\nquestion -> audio -> text -> answer",
    "branches that are words": "let at = Work()\nlet else = Work()\nquestion -> [at, else]\n[at, else] -> answer",
  },
  inMain,
);

judge("ports that are words", {
  "ports called first, any, route and flush": `
    node Split { in any: text out first: text out flush: text }
    node Unite { in route: text in first: text out any: text }
    pipeline Main {
      in question: text
      out answer: text
      let split = Split()
      let unite = Unite()
      question -> split.any
      split.first -> unite.route
      split.flush -> unite.first
      unite.any -> answer
    }`,
  "ports of the pipeline called at, else and out": `
    pipeline Main {
      in at: text
      in else: signal
      out with: text
      out out: text
      at -> [with, out]
      else -> flush work
      let work = Work()
      at -> work
    }
    node Work { in text out text }`,
  "a port called after a type": `
    pipeline Main { in audio: audio<opus, 48kHz, mono> out video: audio<opus> audio -> video }`,
});

judge(
  "fan-out and merge",
  {
    "a branch that goes on": "question -> [answer, Work() -> Sink()]",
    "nested fan-out with chains":
      "question -> [Work() -> [answer, Work() -> [Sink(), Work()]], Work() -> Work(), Sink()]",
    "a comma at the end": "question -> [answer, Work(),]",
    "branches over lines": "question -> [\n    answer,\n    Work() -> Sink()\n  ]",
    "what comes out of branches merges": "question -> [Work(), Work()] -> answer",
    "branches of different lengths merge": "question -> [Work() -> Work(), Work()] -> answer",
    "both ports of one node": "let pair = Pair()\nquestion -> [pair.left, pair.right]\npair -> answer",
    "a branch with its own options":
      "question -> [answer with { buffer: 8 }, Work() with { overflow: drop_newest } -> Sink()]",
    "options of all branches": "question -> [answer, Sink()] with { buffer: 8 }",
    "each branch with its own arrow": "question ~> [answer, Work() ~> Sink()]",
    "merge of three": "let tee = Tee()\nquestion -> tee\n[tee.left, tee.right, question] -> answer",
    "merge of what is not named": "[question, Tick()] -> answer",
    "merge with a chain in it": "[question -> Work(), question] -> answer",
    "merge in the middle": "[question, Tick()] -> Work() -> answer",
    "merge into many": "[question, Tick()] -> [answer, Sink()]",
    "nested merge": "[question, [Tick(), Tick()]] -> answer",
    "merge into a port": "let pair = Pair()\n[question, Tick()] -> pair.left\nquestion -> pair.right\npair -> answer",
    "a group of one": "[question] -> [answer]",
    "merge of signals": "let ring = Ring()\nlet one = Beat()\nquestion -> ring -> answer\n[one, Beat()] -> ring.reset",
    "synchronised merge": "let both = Both()\nquestion -> [both.left, Work() -> both.right]\nboth -> answer",
    "a pipeline inlined in a branch": "question -> [Inner() -> Sink(), Inner()] -> answer".replace(
      "Inner() -> Sink()",
      "Inner()",
    ),
  },
  inMain,
);

judge(
  "choices",
  {
    "one for each in turn": "question -> any(round_robin) [Work(), Work()] -> answer",
    "the fastest": "question -> any(fastest) [Work(), Work(), Work()] -> answer",
    "the least loaded": "question -> any(least_loaded) [Work() -> Work(), Inner()] -> answer",
    "the adaptive": "question -> any(adaptive) [Ask(), Other()] -> answer",
    "by a field": "question -> Words() -> any(hash(text)) [Read(), Read()] -> answer",
    "by an enum": "question -> Words() -> any(hash(language)) [Read(), Read()] -> answer",
    "by a field of a field": "question -> Words() -> any(hash(origin.city)) [Read(), Read()] -> answer",
    "cases that end in one output":
      'question -> Words() -> route language { "en" -> Read() -> answer, "de" -> Read() -> Work() -> answer, else -> Read() -> answer }',
    "cases that end in one output, in branches of branches":
      'question -> Words() -> route language { "en" -> route ready { true -> Read() -> answer, false -> Read() -> answer }, else -> [Read() -> answer, Read()] }',
    "branches of a choice that end in one output":
      "question -> any(fastest) [Work() -> answer, answer, Inner() -> Work() -> answer]",
    "cases that end in one input":
      'let work = Work()\nquestion -> Words() -> route language { "en" -> Read() -> work, else -> Read() -> work }\nwork -> answer',
    "any within any": "question -> any(fastest) [any(round_robin) [Work(), Work()], Work()] -> answer",
    "any within fan-out": "question -> [any(fastest) [Work(), Work()] -> Sink(), answer]",
    "fan-out within any": "question -> any(fastest) [[Work(), Work()], Work()] -> answer",
    "any of named nodes":
      "let one = Work()\nlet two = Work()\nquestion -> any(fastest) [one, two]\n[one, two] -> answer",
    "any of one": "question -> any(fastest) [Work()] -> answer",
    "first of two": "question -> first(stagger: 50ms) [Ask(), Other()] -> answer",
    "first at once": "question -> first [Ask(), Other()] -> answer",
    "first of chains": "question -> first(stagger: 1s) [Ask() -> Other(), AskTwice()] -> answer",
    "first of named nodes": "let one = Ask()\nlet two = Other()\nquestion -> first(stagger: 5ms) [one, two] -> answer",
    "route by a text":
      'question -> Words() -> route text { "yes" -> Read(), "no" -> Read(), else -> Read() } -> answer',
    "route over a whole enum":
      'question -> Words() -> route language { "en" -> Read(), "de" -> Read(), "fr" -> Read() } -> answer',
    "route with else": 'question -> Words() -> route language { "en" -> Read(), else -> Read() -> Work() } -> answer',
    "route by truth": "question -> Words() -> route ready { true -> Read(), false -> Read() } -> answer",
    "route by truth with else": "question -> Words() -> route ready { true -> Read(), else -> Read() } -> answer",
    "route by ranges":
      "question -> Words() -> route count { ..0 -> Read(), 1..9 -> Read(), 10.. -> Read(), else -> Read() } -> answer",
    "route by ranges that overlap in part":
      "question -> Words() -> route score { 0..0.5 -> Read(), 0.5..1 -> Read(), else -> Read() } -> answer",
    "route by single numbers":
      "question -> Words() -> route count { 1 -> Read(), 2 -> Read(), -1 -> Read(), else -> Read() } -> answer",
    "route by a duration":
      "question -> Words() -> route took { ..20ms -> Read(), 1s -> Read(), else -> Read() } -> answer",
    "route by a field of a field":
      'question -> Words() -> route origin.city { "Bonn" -> Read(), else -> Read() } -> answer',
    "route within route":
      'question -> Words() -> route origin.language { "en" -> route ready { true -> Read(), false -> Read() }, else -> Read() } -> answer',
    "route over lines":
      'question -> Words() -> route language {\n    "en" -> Read()\n      -> Work(),\n    else -> Read(),\n  } -> answer',
    "route to sinks":
      'question -> Words() -> route language { "en" -> Read() -> Sink(), else -> Read() }\nquestion -> answer',
    "a case that fans out":
      'question -> Words() -> route language { "en" -> [Read(), Read()], else -> Read() } -> answer',
    "a case with a choice":
      'question -> Words() -> route language { "en" -> any(fastest) [Read(), Read()], else -> Read() } -> answer',
    "a case that adapts, with options":
      'question -> Words() -> route language { "en" ~> Read() with { buffer: 2 }, else -> Read() } -> answer',
  },
  inMain,
);

judge(
  "loops and flush",
  {
    "a loop through a signal":
      "let ring = Ring()\nlet say = Say()\nquestion -> ring -> say -> answer\nsay.done -> ring.reset",
    "a loop through a node that delays": "let later = Later()\n[question, later] -> Work() -> later\nlater -> answer",
    "a node that delays feeds itself": "let later = Later()\n[question, later] -> later\nlater -> answer",
    "flush of a let": "let work = Work()\nquestion -> work -> answer\nBeat() -> flush work",
    "flush by a port": "let say = Say()\nlet work = Work()\nquestion -> work -> say -> answer\nsay.done -> flush work",
    "flush in a fan-out":
      "let say = Say()\nlet ring = Ring()\nquestion -> ring -> say -> answer\nsay.done -> [flush ring, ring.reset]",
    "flush of an input": "question -> Work() -> answer\nBeat() -> flush question",
    "flush of an output": "question -> Work() -> answer\nBeat() -> flush answer",
    "flush of two":
      "let one = Work()\nlet two = Work()\nquestion -> one -> two -> answer\nBeat() -> [flush one, flush two]",
    "flush by either of two": "let say = Say()\nquestion -> say -> answer\n[Beat(), say.done] -> flush say",
    "flush of an inlined pipeline": "let inner = Inner()\nquestion -> inner -> answer\nBeat() -> flush inner",
  },
  inMain,
);

judge(
  "options",
  {
    "all of a link": "question -> answer with { buffer: 64, overflow: drop_oldest, delivery: live, deadline: 200ms }",
    "block and reliable": "question -> answer with { overflow: block, delivery: reliable }",
    drop_newest: "question -> answer with { overflow: drop_newest }",
    error: "question -> answer with { overflow: error }",
    "on two links of a chain": "question -> Work() with { buffer: 2 } -> answer with { deadline: 1s }",
    "on a link that adapts": "question ~> answer with { buffer: 1 }",
    "over lines with a comma at the end": "question -> answer with {\n    buffer: 64,\n    overflow: block,\n  }",
    "of a node":
      "let work = Work() with { restart: on_failure, attempts: 3, worker: true }\nquestion -> work -> answer",
    "never restarted": "let work = Work() with { restart: never }\nquestion -> work -> answer",
    "no worker": "let work = Work() with { worker: false }\nquestion -> work -> answer",
  },
  inMain,
);

judge("signatures of pipelines", {
  "nothing in it": "pipeline Idle {\n}",
  "neither inputs nor outputs": "node Tick { out text } node Sink { in text } pipeline Idle { Tick() -> Sink() }",
  "an optional output left out":
    "pipeline Main { in question: text out answer: text out extra: text? question -> answer }",
  "a signal through": "pipeline Main { in stop: signal out stopped: signal stop -> stopped }",
  "an input that nothing uses":
    "pipeline Main { in question: text in other: text out answer: text question -> answer }",
  "unnamed ports inside": "pipeline Main { in text out text in -> out }",
  "a parameter handed on": `
    node Work(model: text) { in text out text }
    pipeline Main(model: text = "small") { in question: text out answer: text question -> Work(model: model) -> answer }`,
  "an environment variable": `
    node Work(model: text) { in text out text }
    pipeline Main { in question: text out answer: text question -> Work(model: env("MODEL", "small")) -> answer }`,
  "a batch pipeline of batch nodes": `
    batch node Work { in [text] out text }
    batch pipeline Main { in question: [text] out answer: text question -> Work() -> answer }`,
  "join on a node by index": "node Both { in left: text in right: text out text join index }",
  "join on a node with the latest": "node Both { in left: text in right: text out text join latest }",
  "join beside a signal and an optional input": `
    node Both { in left: text in right: text in stop: signal in hint: text? out text join time within 1s }`,
  "join on an interface": "interface Both { in left: text in right: text out text join time within 20ms }",
  "join on a pipeline": `
    node Both { in left: text in right: text out text join latest }
    pipeline Main {
      in left: text
      in right: text
      out answer: text
      join index
      let both = Both()
      left -> both.left
      right -> both.right
      both -> answer
    }`,
  "a pipeline with join in place of a node": `
    node Pair { in left: text in right: text out text }
    pipeline Joined { in left: text in right: text out answer: text join time within 40ms
      let pair = Pair()
      left -> pair.left
      right -> pair.right
      pair -> answer
    }
    pipeline Main { in question: text out answer: text
      let joined = Joined()
      question -> [joined.left, joined.right]
      joined -> answer
    }`,
});
