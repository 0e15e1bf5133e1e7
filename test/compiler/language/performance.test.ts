import { judge } from "../support/judged.ts";

const declared = `
interface Talks { in question: text out answer: text latency 200ms }
interface Quick { in question: text out answer: text }
node Fast { in text out text latency 20ms }
node Slow { in text out text latency 300ms }
node Free { in text out text }
node Later { in text out text latency 100ms delays }
node Pair { in left: text in right: text out text latency 10ms }
node Tee { in text out left: text out right: text latency 10ms }
pipeline Inner { in question: text out answer: text question -> Slow() -> answer }
pipeline Stated { in question: text out answer: text latency 50ms question -> Slow() -> answer }
`;
const inMain = (body: string): string =>
  `pipeline Main {\n  in  question: text\n  out answer: text\n${body}\n}\n${declared}`;

judge(
  "budgets",
  {
    kept: "question -> Fast() -> answer\nbudget 400ms question -> answer",
    "kept to the last": "question -> Slow() -> answer\nbudget 300ms question -> answer",
    "of what declares nothing": "question -> Free() -> answer\nbudget 1ms question -> answer",
    "with the arrow that adapts": "question -> Fast() -> answer\nbudget 400ms question ~> answer",
    "between nodes":
      "let fast = Fast()\nlet slow = Slow()\nquestion -> fast -> slow -> answer\nbudget 25ms question -> fast",
    "between ports":
      "let tee = Tee()\nlet pair = Pair()\nquestion -> tee\ntee.left -> pair.left\ntee.right -> pair.right\npair -> answer\nbudget 30ms tee.left -> pair.left\nbudget 30ms question -> answer",
    several: "question -> Fast() -> answer\nbudget 400ms question -> answer\nbudget 30ms question -> answer",
    "before the flow": "budget 400ms question -> answer\nquestion -> Fast() -> answer",
    "in seconds": "budget 0.4s question -> answer\nquestion -> Slow() -> answer",
    "with a loop that is held back":
      "let later = Later()\nlet fast = Fast()\n[question, later] -> fast -> later\nfast -> answer\nbudget 200ms question -> answer",
    "over a remote":
      'remote talk: Talks { at service "talker" }\nquestion -> talk -> answer\nbudget 250ms question -> answer',
    "over a remote that declares nothing":
      'remote talk: Quick { at service "talker" }\nquestion -> talk -> answer\nbudget 1ms question -> answer',
    "over any": "question -> any(fastest) [Fast(), Free()] -> answer\nbudget 50ms question -> answer",
    "exceeded by one": "question -> Slow() -> answer\nbudget «8001 200ms» question -> answer",
    "below nothing": "question -> Slow() -> answer\nbudget «3005 -5ms» question -> answer",
    "exceeded by several": "question -> Fast() -> Slow() -> answer\nbudget «8001 310ms» question -> answer",
    "exceeded along the longer way":
      "let pair = Pair()\nquestion -> [Fast() -> pair.left, Slow() -> pair.right]\npair -> answer\nbudget «8001 200ms» question -> answer",
    "exceeded within a pipeline": "question -> Inner() -> answer\nbudget «8001 200ms» question -> answer",
    "exceeded by a remote":
      'remote talk: Talks { at service "talker" }\nquestion -> Fast() -> talk -> answer\nbudget «8001 210ms» question -> answer',
    "exceeded by the slower of any":
      "question -> any(fastest) [Fast(), Slow()] -> answer\nbudget «8001 200ms» question -> answer",
    "exceeded between nodes":
      "let one = Fast()\nlet two = Fast()\nquestion -> one -> Slow() -> two -> answer\nbudget «8001 100ms» one -> two",
    "one of two exceeded":
      "question -> Slow() -> answer\nbudget 400ms question -> answer\nbudget «8001 200ms» question -> answer",
    "without a way":
      "let one = Fast()\nlet two = Fast()\nquestion -> [one -> answer, two]\nbudget 400ms «8004 one -> two»",
    "against the stream":
      "let one = Fast()\nlet two = Fast()\nquestion -> one -> two -> answer\nbudget 400ms «8004 two -> one»",
    "of an unknown port": "question -> answer\nbudget 400ms «2001 mic» -> answer",
    "of an unknown port of a node":
      "let tee = Tee()\nquestion -> tee\ntee.left -> answer\nbudget 400ms question -> tee.«2002 middle»",
    "of an output to itself": "question -> answer\nbudget 400ms «5006 answer» -> answer",
    "into an input": "question -> answer\nbudget 400ms question -> «5006 question»",
    "without a unit": "question -> answer\nbudget «3003 400» question -> answer",
    "in Hz": "question -> answer\nbudget «3003 400Hz» question -> answer",
    "without its ends": "question -> answer\nbudget 400ms«1002 »",
  },
  inMain,
);

const media = `
interface RawEar { in speech: audio<pcm_f32, 48kHz, mono> out words: text }
interface Ear { in speech: audio<opus, 48kHz, mono> out words: text }
interface RawMouth { in words: text out speech: audio<pcm_s16, 16kHz, mono> }
interface RawEye { in picture: video<i420, 1280x720, 30fps> out words: text }
interface Eye { in picture: video<vp8, 1280x720, 30fps> out words: text }
node Hear { in audio<pcm_f32, 48kHz, mono> out text }
node LooksAt { in video<i420, 1280x720, 30fps> out text }
`;
judge(
  "raw media over a network",
  {
    "compressed sound":
      'pipeline Main { in mic: audio<opus, 48kHz, mono> out words: text\n  remote ear: Ear { at service "ear" }\n  mic -> ear -> words }',
    "compressed pictures":
      'pipeline Main { in eye: video<vp8, 1280x720, 30fps> out words: text\n  remote see: Eye { at service "eye" }\n  eye -> see -> words }',
    "raw sound that is encoded on the way":
      'import { OpusEncode } from "std/audio"\npipeline Main { in mic: audio<pcm_f32, 48kHz, mono> out words: text\n  remote ear: Ear { at service "ear" }\n  mic ~> ear -> words }',
    "raw sound inside a peer":
      "pipeline Main { in mic: audio<pcm_f32, 48kHz, mono> out words: text\n  mic -> Hear() -> words }",
    "raw sound to a local target":
      "pipeline Main { in mic: audio<pcm_f32, 48kHz, mono> out words: text\n  remote ear: RawEar { at Hear() }\n  mic -> ear -> words }",
    "raw sound":
      'pipeline Main { in mic: audio<pcm_f32, 48kHz, mono> out words: text\n  remote ear: RawEar { at service "ear" }\n  mic «8002 ->» ear -> words }',
    "raw sound to an address":
      'pipeline Main { in mic: audio<pcm_f32, 48kHz, mono> out words: text\n  remote ear: RawEar { at "grpc://far.example.com/ear" else Hear() }\n  mic «8002 ->» ear -> words }',
    "raw sound back":
      'pipeline Main { in words: text out speech: audio<pcm_s16, 16kHz, mono>\n  remote mouth: RawMouth { at service "mouth" }\n  words -> mouth «8002 ->» speech }',
    "raw pictures":
      'pipeline Main { in eye: video<i420, 1280x720, 30fps> out words: text\n  remote see: RawEye { at service "eye" }\n  eye «8002 ->» see -> words }',
    "raw sound to two remotes":
      'pipeline Main { in mic: audio<pcm_f32, 48kHz, mono> out words: text\n  remote one: RawEar { at service "ear" }\n  remote two: RawEar { at service "eye" }\n  mic «8002 ->» one -> words\n  mic «8002 ->» two }',
  },
  (program) => `${program}\n${media}`,
);

const buffers = `
node Quick { in audio<opus, 48kHz, mono> out text latency 20ms }
node Slow { in audio<opus, 48kHz, mono> out text latency 200ms }
node Free { in audio<opus, 48kHz, mono> out text }
node Sees { in video<vp8, 1280x720, 30fps> out text latency 200ms }
node Reads { in text out text latency 500ms }
`;
const hearing = (body: string): string =>
  `pipeline Main {\n  in  mic: audio<opus, 48kHz, mono>\n  in  eye: video<vp8, 1280x720, 30fps>\n  out words: text\n${body}\n}\n${buffers}`;
judge(
  "buffers",
  {
    "large enough": "mic -> Slow() with { buffer: 10 } -> words",
    "of one, before what is quick": "mic -> Quick() with { buffer: 1 } -> words",
    "of one, before what declares nothing": "mic -> Free() with { buffer: 1 } -> words",
    "of one, before text": "mic -> Free() -> Reads() with { buffer: 1 } -> words",
    "the usual": "mic -> Slow() -> words",
    "too small": "mic -> Slow() with { buffer: «8003 2» } -> words",
    "too small by one": "mic -> Slow() with { buffer: «8003 9» } -> words",
    "too small for pictures": "eye -> Sees() with { buffer: «8003 3» } -> words",
    "too small, frames being dropped": "mic -> Slow() with { buffer: «8003 2», overflow: drop_oldest } -> words",
    "too small, twice":
      "let slow = Slow()\nmic -> slow with { buffer: «8003 2» } -> words\nmic -> Slow() with { buffer: «8003 3» }",
  },
  hearing,
);
