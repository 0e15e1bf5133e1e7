/** Projects of many files to build: the same declarations, as far as both languages have them, in Mesh and in TypeSpec. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const sharedMesh = `/// What a recogniser heard.
record Transcript {
  text: text
  confidence: float in 0..1
  language: text = "en"
  words: [Word] = []
}

record Word { text: text, start: duration, end: duration }

interface Transcriber {
  in  speech: audio<opus, 48kHz, mono>
  out words: Transcript
}
`;

const meshModule = (index: number): string => `import { Transcript, Transcriber } from "./shared.mesh"

/// What is known of one thing.
record Thing${index} { name: text, weight: float in 0..1 = 0.5, tags: [text] }

enum Kind${index} { small, large }

/// Answers questions.
node Answer${index}(model: text = "small", kind: Kind${index} = "small") {
  in  question: Transcript
  out thing: Thing${index}
}

node Hear${index} {
  in  audio<pcm_f32, 16kHz, mono>
  out Transcript
}

pipeline Main${index}(accent: text = "en") {
  in  mic: audio<opus, 48kHz, mono>
  out things: Thing${index}

  let answer = Answer${index}(model: accent)

  remote stt: Transcriber {
    at   gpu${index}.Hearing
    else "webrtc://spare.example.com/Hearing"
  }

  mic -> stt -> answer -> things
}

pipeline Hearing${index}: Transcriber {
  in  speech: audio<opus, 48kHz, mono>
  out words: Transcript
  speech ~> Hear${index}() -> words
}

peer edge${index} {
  runs Main${index}
  listens "webrtc://127.0.0.1:7443"
}

peer gpu${index} {
  runs Hearing${index} as "Hearing"
  listens "webrtc://127.0.0.1:7444"
}
`;

const sharedTypeSpec = `/** What a recogniser heard. */
model Transcript {
  text: string;
  @minValue(0) @maxValue(1) confidence: float32;
  language: string = "en";
  words: Word[];
}

model Word { text: string; start: duration; end: duration; }

interface Transcriber {
  hear(speech: bytes, codec: "opus", rate: 48000): Transcript;
}
`;

const typeSpecModule = (index: number): string => `import "./shared.tsp";

/** What is known of one thing. */
model Thing${index} {
  name: string;
  @minValue(0) @maxValue(1) weight: float32 = 0.5;
  tags: string[];
}

enum Kind${index} { small, large }

/** Answers questions. */
interface Answer${index} {
  answer(question: Transcript, \`model\`?: string, kind?: Kind${index}): Thing${index};
}

interface Hear${index} {
  hear(speech: bytes, codec: "pcm_f32", rate: 16000): Transcript;
}

model Main${index}Params { accent: string = "en"; }

interface Main${index} {
  run(...Main${index}Params, mic: bytes, codec: "opus", rate: 48000): Thing${index};
}

interface Hearing${index} extends Transcriber {
  close(session: string): void;
}

model edge${index} { runs: "Main${index}"; listens: "webrtc://127.0.0.1:7443"; }
model gpu${index} { runs: "Hearing"; listens: "webrtc://127.0.0.1:7444"; }
`;

/** Writes a project of so many Mesh programs, one of which the others import. */
export function writeMeshProject(folder: string, modules: number): void {
  mkdirSync(join(folder, "node_modules"), { recursive: true });
  writeFileSync(join(folder, "package.json"), "{}");
  writeFileSync(join(folder, "shared.mesh"), sharedMesh);
  for (let index = 1; index < modules; index += 1) writeFileSync(join(folder, `m${index}.mesh`), meshModule(index));
}

/** Writes a project of so many TypeSpec files, and `main.tsp`, which imports them all. */
export function writeTypeSpecProject(folder: string, modules: number): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "shared.tsp"), sharedTypeSpec);
  const names = Array.from({ length: modules - 1 }, (_, index) => index + 1);
  for (const index of names) writeFileSync(join(folder, `m${index}.tsp`), typeSpecModule(index));
  writeFileSync(join(folder, "main.tsp"), names.map((index) => `import "./m${index}.tsp";\n`).join(""));
}
