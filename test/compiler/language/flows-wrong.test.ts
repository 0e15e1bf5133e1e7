import { judge } from "../support/judged.ts";

const declared = `
node Work { in text out text }
node Tee { in text out left: text out right: text }
node Pair { in left: text in right: text out text }
node Ring { in text in reset: signal out text }
node Later { in text out text delays }
node Say { in text out spoken: text out done: signal }
node Sink { in text }
node Tick { out text }
node Beat { out signal }
node Both { in left: text in right: text out text join time within 20ms }
node Count { in text out int }
node Words { in text out Word }
node Read { in Word out text }
node Ear { in audio<pcm_f32, 16kHz, mono> out text }
batch node Ask(model: text = "small") { in text out text }
batch node Other { in text out text }
enum Language { en, de, fr }
record Origin { city: text, floor: int, language: Language }
record Word { text: text, language: Language, score: float, count: int, ready: bool, origin: Origin, took: duration, tag: text? }
pipeline Inner { in question: text out answer: text question -> Work() -> answer }
interface Talks { in question: text out answer: text }
policy patient { retry 2 times }
peer edge { runs Inner }
`;

const inMain = (body: string): string =>
  `pipeline Main {\n  in  question: text\n  out answer: text\n${body}\n}\n${declared}`;

judge(
  "chains that are wrong",
  {
    "an unknown let": "question -> «2001 wrok» -> answer\nlet work = Work()",
    "an unknown node": "question -> «2001 Wrok»() -> answer",
    "an unknown node in a let": "let work = «2001 Wrok»()\nquestion -> work -> answer",
    "an unknown source": "«2001 questoin» -> answer",
    "an unknown target": "question -> answer\nquestion -> «2001 anser»",
    "an unknown node deep in branches": "question -> [answer, Work() -> [Sink(), «2001 Wrok»()]]",
    "an unknown port of a node before an arrow": "let tee = Tee()\nquestion -> tee\ntee.«2002 middle» -> answer",
    "an unknown port of a node after an arrow":
      "let pair = Pair()\nquestion -> [pair.left, pair.right, pair.«2002 middle»]\npair -> answer",
    "an output after an arrow": "let tee = Tee()\nquestion -> tee\ntee.left -> answer\ntee.right -> tee.«5006 left»",
    "an input before an arrow": "let pair = Pair()\nquestion -> [pair.left, pair.right]\npair.«5006 left» -> answer",
    "a port between two arrows": "let tee = Tee()\nquestion -> tee.«5006 left» -> answer",
    "the output of the pipeline as a source": "question -> answer\n«5006 answer» -> Sink()",
    "the output of the pipeline in the middle": "question -> «5006 answer» -> Sink()",
    "the input of the pipeline as a target": "question -> answer\nTick() -> «5006 question»",
    "a port of a port": "question.«2002 text» -> answer",
    "a source without outputs": "question -> answer\n«5006 Sink()» -> Work()",
    "a target without inputs": "question -> answer\nquestion -> «5006 Tick()»",
    "several outputs, none named": "question -> «5005 Tee()» -> answer",
    "several inputs, none named": "question -> «5005 Pair()» -> answer",
    "several outputs of a let, none named": "let tee = Tee()\nquestion -> tee\n«5005 tee» -> answer",
    "an interface in place of a node": "question -> «2007 Talks»() -> answer",
    "a policy in place of a node": "let work = «2007 patient»()\nquestion -> work -> answer",
    "a peer in place of a node": "question -> «2007 edge»() -> answer",
    "a record in place of a node": "question -> «2007 Word»() -> answer",
    "a node without parentheses": "question -> «2007 Work» -> answer",
    "parentheses after a let": "let work = Work()\nquestion -> work -> answer\nwork -> «2007 work»()",
    "an unknown parameter": 'question -> Ask(«2008 modle»: "small") -> answer',
    "a parameter of the wrong type": "question -> Ask(model: «3003 20ms») -> answer",
    "a stream of the wrong type": "question «3001 ->» Read() -> answer",
    "the wrong type at the output": "question -> Count() «3001 ->» answer",
    "no converter": "question «3002 ~>» Ear() -> answer",
    "the pipeline in itself": "question -> «5008 Main»() -> answer",
    "a let that may not have its name": "let «2012 flush» = Work()\nquestion -> answer",
    "a name for two lets": "let work = Work()\nlet «2003 work» = Work()\nquestion -> work -> answer",
    "a let named like an input": "let «2003 question» = Work()\nquestion -> answer",
    "an unused let": "let «2006 work» = Work()\nquestion -> answer",
    "a let that only a comment uses": "let «2006 work» = Tick() // work -> answer\nquestion -> answer",
  },
  inMain,
);

judge(
  "inputs and outputs",
  {
    "an input that nothing feeds": "let pair = «5001 Pair()»\nquestion -> pair.left\npair -> answer",
    "an input that nothing feeds, in place": "question -> answer\n«5001 Work()» -> Sink()",
    "an input of a let that nothing feeds": "let work = «5001 Work()»\nquestion -> answer\nwork -> Sink()",
    "an input of a pipeline in place": "let inner = «5001 Inner()»\n[question, inner] -> answer",
    "an input that only a signal's node would feed":
      "let ring = «5001 Ring()»\nquestion -> answer\nBeat() -> ring.reset\nring -> Sink()",
    "an input of a join": "let both = «5001 Both()»\nquestion -> both.left\nboth -> answer",
    "two sources": "question -> answer\nTick() -> «5002 answer»",
    "two sources for a port":
      "let pair = Pair()\nquestion -> [pair.left, pair.right]\nTick() -> «5002 pair.left»\npair -> answer",
    "two sources for a let": "let work = Work()\nquestion -> work -> answer\nTick() -> «5002 work»",
    "the same source twice": "question -> answer\nquestion -> «5002 answer»",
    "the same target twice in one group": "question -> [answer, «5002 answer»]",
    "two sources for a signal":
      "let ring = Ring()\nquestion -> ring -> answer\nBeat() -> ring.reset\nBeat() -> «5002 ring.reset»",
    "twice in one case of a route":
      'question -> Words() -> route language { "en" -> Read() -> [answer, «5002 answer»], else -> Read() -> answer }',
    "in a case of a route and outside":
      'question -> Words() -> route language { "en" -> Read() -> answer, else -> Read() }\nquestion -> «5002 answer»',
    "in cases of two routes":
      'let word = Words()\nquestion -> word\nword -> route language { "en" -> Read() -> answer, else -> Read() }\nword -> route language { "en" -> Read() -> «5002 answer», else -> Read() }',
    "in two branches of a fan-out": "question -> [Work() -> answer, «5002 answer»]",
    "in a branch of first": "question -> first [Ask() -> «5011 answer», Other()]",
    "a merge and another source": "[question, Tick()] -> answer\nTick() -> «5002 answer»",
  },
  inMain,
);

judge("outputs never given", {
  "one of two":
    "pipeline Main {\n  in question: text\n  out answer: text\n  out «5004 extra»: text\n  question -> answer\n}",
  "all of one": `pipeline Main {\n  in question: text\n  out «5004 answer»: text\n  question -> Sink()\n}${declared}`,
  "a signal":
    "pipeline Main {\n  in question: text\n  out answer: text\n  out «5004 done»: signal\n  question -> answer\n}",
  "an unnamed one": `pipeline Main {\n  in text\n  «5004 out text»\n  in -> Sink()\n}${declared}`,
  "of an empty pipeline": "pipeline Main {\n  in question: text\n  out «5004 answer»: text\n}",
});

judge(
  "loops and dead parts",
  {
    "a loop of two": "let one = Work()\nlet two = Work()\n[question, two] -> one «5003 ->» two\none -> answer",
    "a node that feeds itself": "let work = Work()\n[question, work] «5003 ->» work -> answer",
    "a loop of three over several lines":
      "let one = Work()\nlet two = Work()\nlet three = Work()\n[question, three] -> one\none -> two\ntwo «5003 ->» three\nthree -> answer",
    "a loop through a pipeline in place":
      "let inner = Inner()\nlet work = Work()\n[question, inner] -> work «5003 ->» inner\nwork -> answer",
    "a part that nothing reaches":
      "let one = Work()\nlet later = Later()\nquestion -> answer\none -> «5013 later» -> one",
    "a part behind one that nothing reaches":
      "let one = Work()\nlet later = Later()\nquestion -> answer\none -> «5013 later» -> one\nlater -> Work() -> Sink()",
  },
  inMain,
);

judge(
  "groups that are wrong",
  {
    "no branches": "question -> answer\nquestion -> «5006 []»",
    "no sources": "question -> answer\n«5006 []» -> Sink()",
    "a branch of the wrong type": "question «3001 ->» [answer, Read()]",
    "a merge of two types": "[question «3001 ->» Count(), question] -> answer",
    "an unknown branch": "question -> [answer, «2001 wrok»]",
    "an unclear branch": "question -> [answer, «5005 Pair()»]",
    "a branch that is an input": "question -> [answer, «5006 question»]",
    "a sink in a merge": "[question, «5006 Sink()»] -> answer",
  },
  inMain,
);

judge(
  "choices that are wrong",
  {
    "an unknown way to choose": "question -> any(«2010 fastets») [Work(), Work()] -> answer",
    "a way to choose that is one of others": "question -> any(«2010 random») [Work(), Work()] -> answer",
    "hash without its field": "question -> any(«2009 hash») [Work(), Work()] -> answer",
    "hash of what has no fields": "question -> any(hash(«3008 user»)) [Work(), Work()] -> answer",
    "hash of an unknown field of a field":
      "question -> Words() -> any(hash(origin.«2011 town»)) [Read(), Read()] -> answer",
    "hash of a record": "question -> Words() -> any(hash(«3008 origin»)) [Read(), Read()] -> answer",
    "hash of an unknown field": "question -> Words() -> any(hash(«2011 user»)) [Read(), Read()] -> answer",
    "a field for another way to choose": "question -> any(fastest(«2010 text»)) [Work(), Work()] -> answer",
    "any of nothing": "question -> answer\nquestion -> any(fastest) «5006 []»",
    "any before an unknown node": "question -> any(fastest) [Work(), «2001 Wrok»()] -> answer",
    "any with a branch of another type": "question «3001 ->» any(fastest) [Work(), Read()] -> answer",
    "any with a branch that gives another type": "question -> any(fastest) [Work(), Count()] «3001 ->» answer",
    "any with an unfed branch": "question -> any(fastest) [«5005 Pair()», Work()] -> answer",
    "first of streams": "question -> first(stagger: 50ms) [Ask(), «5011 Work()»] -> answer",
    "first of a stream within a chain": "question -> first(stagger: 50ms) [Ask() -> «5011 Work()», Other()] -> answer",
    "first of a pipeline that streams": "question -> first [Ask(), «5011 Inner()»] -> answer",
    "first with an unknown option": "question -> first(«2008 delay»: 50ms) [Ask(), Other()] -> answer",
    "first with a frequency": "question -> first(stagger: «3003 50Hz») [Ask(), Other()] -> answer",
    "first without a unit": "question -> first(stagger: «3003 50») [Ask(), Other()] -> answer",
    "route by an unknown field":
      'question -> Words() -> route «2011 lang» { "en" -> Read(), else -> Read() } -> answer',
    "route by an unknown field of a field":
      'question -> Words() -> route origin.«2011 town» { "Bonn" -> Read(), else -> Read() } -> answer',
    "route by a field of a text":
      'question -> Words() -> route text.«3008 size» { "a" -> Read(), else -> Read() } -> answer',
    "route of a text": 'question -> route «3008 language» { "en" -> Work(), else -> Work() } -> answer',
    "route by a record": 'question -> Words() -> route «3008 origin» { "en" -> Read(), else -> Read() } -> answer',
    "route that leaves an enum value out":
      'question -> Words() -> «5009 route language» { "en" -> Read(), "de" -> Read() } -> answer',
    "route that leaves false out": "question -> Words() -> «5009 route ready» { true -> Read() } -> answer",
    "route by text without else": 'question -> Words() -> «5009 route text» { "en" -> Read() } -> answer',
    "route by numbers without else": "question -> Words() -> «5009 route count» { 0..9 -> Read() } -> answer",
    "route with a value twice":
      'question -> Words() -> route text { "a" -> Read(), «5010 "a"» -> Read(), else -> Read() } -> answer',
    "route with a number in a range before":
      "question -> Words() -> route count { 0..9 -> Read(), «5010 5» -> Read(), else -> Read() } -> answer",
    "route with a range in a range before":
      "question -> Words() -> route count { ..10 -> Read(), «5010 2..5» -> Read(), else -> Read() } -> answer",
    "route with a case after else":
      'question -> Words() -> route text { else -> Read(), «5010 "a"» -> Read() } -> answer',
    "route with two else":
      'question -> Words() -> route text { "a" -> Read(), else -> Read(), «5010 else» -> Read() } -> answer',
    "route with else after all values":
      "question -> Words() -> route ready { true -> Read(), false -> Read(), «5013 else» -> Read() } -> answer",
    "route by a value that the enum lacks":
      'question -> Words() -> route language { "en" -> Read(), «3003 "es"» -> Read(), else -> Read() } -> answer',
    "route by a number of a text": "question -> Words() -> route text { «3003 5» -> Read(), else -> Read() } -> answer",
    "route by a text of a number":
      'question -> Words() -> route count { «3003 "5"» -> Read(), else -> Read() } -> answer',
    "route by a frequency of a duration":
      "question -> Words() -> route took { «3003 5kHz» -> Read(), else -> Read() } -> answer",
    "route by a range of a text":
      "question -> Words() -> route text { «3003 1..5» -> Read(), else -> Read() } -> answer",
    "route by a range upside down":
      "question -> Words() -> route count { «3005 9..1» -> Read(), else -> Read() } -> answer",
    "route without cases": "question -> Words() -> «5009 route text» {}\nquestion -> answer",
    "route by the bare name of a value that the enum does not have":
      "question -> Words() -> route language { «2001 eng» -> Read(), else -> Read() } -> answer",
    "route with an unknown node in a case":
      'question -> Words() -> route text { "a" -> «2001 Raed»(), else -> Read() } -> answer',
    "route with a case of another type":
      'question -> Words() -> route text { "a" «3001 ->» Work(), else -> Read() } -> answer',
  },
  inMain,
);

judge(
  "flush that is wrong",
  {
    "flush without a signal": "let work = Work()\nquestion -> work -> answer\nquestion «3001 ->» flush work",
    "flush of an unknown name": "question -> answer\nBeat() -> flush «2001 wrok»",
    "flush of a declaration": "question -> Work() -> answer\nBeat() -> flush «2007 Work»",
    "flush by a node with two outputs that are no signals":
      "let work = Work()\nquestion -> work -> answer\nlet tee = Tee()\nquestion -> tee\n«5005 tee» -> flush work",
    "something after flush": "let work = Work()\nquestion -> work -> answer\nBeat() -> «5006 flush work» -> Sink()",
    "a flush that starts": "question -> Work() -> answer\nflush «1028 question» -> Sink()",
  },
  inMain,
);

judge(
  "options that are wrong",
  {
    "an unknown option of a link": "question -> answer with { «2010 bufer»: 4 }",
    "an option of a node on a link": "question -> answer with { «2010 worker»: true }",
    "an option of a link on a node": "let work = Work() with { «2010 buffer»: 4 }\nquestion -> work -> answer",
    "an unknown option of a node": "let work = Work() with { «2010 retries»: 4 }\nquestion -> work -> answer",
    "a buffer of nothing": "question -> answer with { buffer: «3005 0» }",
    "a buffer below nothing": "question -> answer with { buffer: «3005 -4» }",
    "a buffer in time": "question -> answer with { buffer: «3003 20ms» }",
    "half a buffer": "question -> answer with { buffer: «3003 1.5» }",
    "a buffer in quotes": 'question -> answer with { buffer: «3003 "4"» }',
    "an unknown overflow": "question -> answer with { overflow: «3003 drop» }",
    "an overflow in quotes": 'question -> answer with { overflow: «3003 "block"» }',
    "an unknown delivery": "question -> answer with { delivery: «3003 fast» }",
    "a deadline without a unit": "question -> answer with { deadline: «3003 200» }",
    "a deadline in Hz": "question -> answer with { deadline: «3003 200Hz» }",
    "a deadline of nothing": "question -> answer with { deadline: «3005 0ms» }",
    "an option twice": "question -> answer with { buffer: 4, «2003 buffer»: 8 }",
    "an unknown restart": "let work = Work() with { restart: «3003 sometimes» }\nquestion -> work -> answer",
    "attempts in quotes": 'let work = Work() with { attempts: «3003 "3"» }\nquestion -> work -> answer',
    "no attempts": "let work = Work() with { attempts: «3005 0» }\nquestion -> work -> answer",
    "a worker by number": "let work = Work() with { worker: «3003 1» }\nquestion -> work -> answer",
    "options of a node twice":
      "let work = Work() with { worker: true, «2003 worker»: false }\nquestion -> work -> answer",
  },
  inMain,
);

judge("signatures that are wrong", {
  "a join of one input": "node Work {\n  in text\n  out text\n  «5012 join latest»\n}",
  "a join of one input beside a signal":
    "node Work {\n  in text\n  in stop: signal\n  out text\n  «5012 join index»\n}",
  "a join of one input beside an optional one":
    "interface Work {\n  in left: text\n  in right: text?\n  out answer: text\n  «5012 join index»\n}",
  "an unknown join": "node Work {\n  in left: text\n  in right: text\n  out text\n  join «2010 order»\n}",
  "a join within a frequency":
    "node Work {\n  in left: text\n  in right: text\n  out text\n  join time within «3003 20Hz»\n}",
  "a join within a bare number":
    "node Work {\n  in left: text\n  in right: text\n  out text\n  join time within «3003 20»\n}",
  "two joins": "node Work {\n  in left: text\n  in right: text\n  out text\n  join index\n  «2003 join latest»\n}",
  "an input and an output of one name": "node Work {\n  in left: text\n  out «2003 left»: text\n}",
  "two inputs without names": "node Work {\n  in text\n  «2003 in text»\n  out text\n}",
  "an input of the pipeline that begins a step":
    "pipeline Main {\n  in «2012 first»: text\n  out answer: text\n  first -> answer\n}",
  "a latency in Hz": "node Work {\n  in text\n  out text\n  latency «3003 20Hz»\n}",
  "a latency twice": "node Work {\n  in text\n  out text\n  latency 20ms\n  «2003 latency 30ms»\n}",
  "pipelines in each other": `
    pipeline One { in question: text out answer: text question -> Two() -> answer }
    pipeline Two { in question: text out answer: text question -> «5008 One»() -> answer }`,
  "an import that nothing uses":
    'import { «2006 Vad», Recognise } from "std/speech"\npipeline Main { in sound: audio<pcm_f32, 16kHz, mono> sound -> Recognise() }',
});
