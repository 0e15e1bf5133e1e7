/** A program in which each kind of name is declared and used, for tables of marks. */
export const program = `/// What was heard.
record Word { text: text, mood: Mood = calm, next: Inner? }
record Inner { tag: text }
enum Mood { calm, excited }

interface Hears {
  in  speech: audio<opus, 48kHz, mono>
  out words: Word
}

/// Makes it louder.
node Loud<R: rate>(gain: decibel = 0dB, mood: Mood = calm) {
  in  sound: audio<pcm_f32, R, mono>
  out louder: audio<pcm_f32, R, mono>
  latency 20ms
}

node Hear { in sound: audio<pcm_f32, 16kHz, mono>
  out words: Word
  latency 100ms }

policy patient { retry 2 times }

pipeline Main(level: decibel = 3dB) {
  in  mic: audio<opus, 48kHz, mono>
  out heard: Word
  let loud = Loud(gain: level, mood: excited)
  remote far: Hears with patient {
    at   box.Near
    else Near()
  }
  mic ~> loud ~> far
  far.words -> route mood { "calm" -> heard, else -> heard }
  budget 1s mic -> heard
}

pipeline Near: Hears {
  in  speech: audio<opus, 48kHz, mono>
  out words: Word
  speech ~> Hear() -> words
}

peer box {
  runs Near
  listens "webrtc://127.0.0.1:7443"
}

scenario "it goes" for Main {
  at 2s kill box
  expect far uses Near within 1s
  expect gap heard <= 1s
}
`;

/** The program with a mark right before the n-th time that a text stands in it (from 1). */
export function markedAt(text: string, nth = 1, mark = "/*|*/"): string {
  let at = -1;
  for (let count = 0; count < nth; count += 1) {
    at = program.indexOf(text, at + 1);
    if (at < 0) throw new Error(`${text} does not stand there ${nth} times`);
  }
  return program.slice(0, at) + mark + program.slice(at);
}
