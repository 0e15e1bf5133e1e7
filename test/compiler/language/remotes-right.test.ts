import { judge } from "../support/judged.ts";

const declared = `
interface Talks { in question: text out answer: text }
batch interface Asks { in question: text out answer: text }
interface Hears { in speech: audio<opus, 48kHz, mono> out words: text out heard: signal }
interface Unites { in left: text in right: text out text join time within 20ms }
node Work { in text out text }
node Wide { in question: text in hint: text? in stop: signal out answer: text out count: int? }
node Named { in question: text out answer: text out more: text }
node Ear { in audio<opus, 48kHz, mono> out words: text out heard: signal }
node Beat { out signal }
batch node Ask { in text out text }
pipeline Far: Talks { in question: text out answer: text question -> Work() -> answer }
pipeline Spoken(accent: text = "en"): Talks { in question: text out answer: text question -> Work() -> answer }
pipeline Unsaid { in ask: text out reply: text ask -> Work() -> reply }
batch pipeline FarAsk: Asks { in question: text out answer: text question -> Ask() -> answer }
policy patient { retry 5 times, backoff 100ms..5s timeout connect 3s, idle 10s breaker 5 failures in 30s, open 10s }
peer gpu { runs Far runs Spoken(accent: "de") as "spoken" runs FarAsk listens "webrtc://127.0.0.1:7444", "grpc://127.0.0.1:7445" provides gpu(memory: 24GiB), cuda(12.4), cpu, npu, codecs(opus, vp8), slots(8), load(20%), batch(4) }
peer edge { runs Unsaid as "talker" shared }
`;

const withRemote = (remote: string): string =>
  `pipeline Main(accent: text = "en", least: size = 8GiB) {\n  in  question: text\n  out answer: text\n  remote talk: Talks ${remote}\n  question -> talk -> answer\n}\n${declared}`;

judge(
  "targets",
  {
    "a pipeline of a peer": "{ at gpu.Far }",
    "a pipeline of a peer that runs under another name": "{ at gpu.Spoken }",
    "a pipeline of a peer that says no interface": "{ at edge.Unsaid }",
    WebRTC: '{ at "webrtc://far.example.com:7443/talker" }',
    "WebRTC without a port": '{ at "webrtc://far.example.com/talker" }',
    gRPC: '{ at "grpc://far.example.com:50051/talker" }',
    "gRPC at an address": '{ at "grpc://10.0.0.4:7445/talker" }',
    "an address of version 6": '{ at "webrtc://[fd00::4]:7443/talker" }',
    "this machine": '{ at "grpc://localhost/talker" }',
    "an address from the environment": '{ at env("TALKER", "grpc://localhost/talker") }',
    "a service": '{ at service "speaker" }',
    "a service with what it must have": '{ at service "speaker" where gpu }',
    "a service with how much it must have": '{ at service "speaker" where gpu.memory >= 8GiB }',
    "a service by a parameter": '{ at service "speaker" where voice == accent }',
    "a service by a parameter that is an amount": '{ at service "speaker" where gpu.memory >= least }',
    "a service by a version": '{ at service "speaker" where cuda >= 12.4 }',
    "a service by a list": '{ at service "speaker" where codecs(opus, vp8) }',
    "a service by a text": '{ at service "speaker" where zone == "eu", zone != "eu-west" or near == true }',
    "a service by a number": '{ at service "speaker" where slots > 2, load < 80%, batch <= 8 }',
    "a service by one of two": '{ at service "speaker" where gpu.memory >= 8GiB or npu, cpu }',
    "a service by all forms": '{ at service "speaker" where gpu.memory >= 8GiB or c == "x", cpu, prefer fastest }',
    "a preference alone": '{ at service "speaker", prefer least_loaded }',
    "the preference that is usual": '{ at service "speaker", prefer round_robin }',
    "the adaptive preference": '{ at service "speaker" where gpu, prefer adaptive }',
    "a property that is a word of the language": '{ at service "speaker" where in == "x", from == 2, prefer fastest }',
    "a property called prefer": '{ at service "speaker" where prefer == "x", prefer fastest }',
    "a local node": "{ at Work() }",
    "a local pipeline": "{ at Far() }",
    "a local pipeline with a parameter": "{ at Spoken(accent: accent) }",
    "a node with more than is asked for": "{ at Wide() }",
    "a node by the names of the interface": "{ at Named() }",
    "a batch node": "{ at Ask() }",
    "all kinds in order":
      '{\n    at   gpu.Far\n    else "grpc://far.example.com/talker"\n    else service "speaker" where gpu, prefer fastest\n    else edge.Unsaid\n    else Far()\n  }',
    "two services by different names": '{ at service "speaker" else service "singer" }',
    "one service with and without what is wished for": '{ at service "speaker" where gpu else service "speaker" }',
    "on one line": "{ at gpu.Far else Far() }",
  },
  withRemote,
);

judge(
  "clauses of a remote",
  {
    "a policy": "with patient { at gpu.Far }",
    "a policy and another retry": "with patient { retry 2 times at gpu.Far }",
    "a policy and one other timeout": "with patient { timeout idle 20s at gpu.Far }",
    "a policy and all clauses": `with patient {
    retry 2 times, backoff 10ms..1s
    timeout connect 1s, idle 5s, call 30s
    breaker 3 failures in 10s, open 5s
    via webrtc
    resume 5s
    failback after 30s
    at gpu.Far
    else Far()
  }`,
    "clauses without a policy": "{ retry 1 times, backoff 10ms..20ms timeout connect 1s at gpu.Far }",
    "clauses after the targets": "{\n    at gpu.Far\n    else Far()\n    retry 2 times\n    failback after 10s\n  }",
    "via gRPC": '{ via grpc at "grpc://far.example.com/talker" else gpu.Far }',
    "via whatever fits": '{ via auto at "grpc://far.example.com/talker" else "webrtc://far.example.com/talker" }',
    "an identity": '{ auth mtls "spiffe://example.com/talker" at service "speaker" }',
    "a pattern of identities": '{ auth mtls "spiffe://example.com/talkers/*" at service "speaker" }',
    "an identity and an address": '{ auth mtls "spiffe://example.com/talker" at "webrtc://far.example.com/talker" }',
    "an identity and a local fallback": '{ auth mtls "spiffe://example.com/talker" at service "speaker" else Far() }',
  },
  withRemote,
);

judge("policies", {
  "an empty one": "policy plain {\n}",
  "all clauses": `policy full {
  retry 5 times, backoff 100ms..5s
  timeout connect 3s, idle 10s, call 5min
  breaker 5 failures in 30s, open 10s
  via auto
  resume 10s
  auth mtls "spiffe://example.com/**"
  failback after 1min
}`,
  "retry alone": "policy one { retry 3 times }",
  "back at once": "policy one { failback after 0s }",
  "no retry": "policy one { retry 0 times }",
  "timeouts in any order": "policy one { timeout call 2s, connect 500ms }",
  "timeouts in two clauses": "policy one { timeout call 2s timeout connect 500ms }",
  "a breaker that opens for the usual time": "policy one { breaker 3 failures in 1min }",
  "all transports": "policy one { via webrtc } policy two { via grpc } policy three { via auto }",
  "retries within the call": "policy one { retry 2 times, backoff 100ms..200ms timeout connect 1s, call 10s }",
  "a policy after its use, named in capitals": `
    pipeline Main { in question: text out answer: text
      remote talk: Talks with Patient { at service "speaker" }
      question -> talk -> answer
    }
    policy Patient { retry 2 times }${declared}`,
});

judge("remotes in flows", {
  "in branches": `
    pipeline Main { in question: text out answer: text
      remote one: Talks { at gpu.Far }
      remote two: Talks { at edge.Unsaid }
      question -> [one, two] -> answer
    }${declared}`,
  "in a choice": `
    pipeline Main { in question: text out answer: text
      remote one: Talks { at gpu.Far }
      remote two: Talks { at edge.Unsaid }
      question -> any(fastest) [one, two, Work()] -> answer
    }${declared}`,
  "of requests in first": `
    batch pipeline Main { in question: text out answer: text
      remote one: Asks { at gpu.FarAsk }
      remote two: Asks { at service "asker" else Ask() }
      question -> first(stagger: 50ms) [one, two] -> answer
    }${declared}`,
  "of requests in a stream": `
    pipeline Main { in question: text out answer: text
      remote one: Asks { at gpu.FarAsk else FarAsk() }
      question -> one -> answer
    }${declared}`,
  "by their ports, with a signal": `
    pipeline Main { in mic: audio<opus, 48kHz, mono> out words: text
      remote stt: Hears { at service "ear" else Ear() }
      let work = Work()
      mic -> stt.speech
      stt.words -> work -> words
      stt.heard -> flush work
    }${declared}`,
  flushed: `
    pipeline Main { in question: text out answer: text
      remote talk: Talks { at gpu.Far else Far() }
      question -> talk -> answer
      Beat() -> flush talk
    }${declared}`,
  "with options of the link": `
    pipeline Main { in question: text out answer: text
      remote talk: Talks { at gpu.Far }
      question -> talk with { buffer: 8, overflow: drop_oldest, delivery: live, deadline: 200ms }
      talk -> answer
    }${declared}`,
  joined: `
    pipeline Main { in question: text out answer: text
      remote unite: Unites { at service "unite" }
      question -> [unite.left, unite.right]
      unite -> answer
    }${declared}`,
  "after its use": `
    pipeline Main { in question: text out answer: text
      question -> talk -> answer
      remote talk: Talks { at gpu.Far }
    }${declared}`,
  "called at, else and remote": `
    pipeline Main { in question: text out answer: text
      remote at: Talks { at gpu.Far else Far() }
      remote else: Talks { at gpu.Far }
      remote remote: Talks { at gpu.Far }
      question -> at -> else
      else -> remote
      remote -> answer
    }${declared}`,
  "in a pipeline that stands in another": `
    pipeline Inner { in question: text out answer: text
      remote talk: Talks with patient { at gpu.Far else Work() }
      question -> talk -> answer
    }
    pipeline Main { in question: text out answer: text question -> [Inner(), Inner()] -> answer }${declared}`,
  "calls that end": `
    pipeline Main { in question: text out answer: text
      remote talk: Talks { at gpu.Middle }
      question -> talk -> answer
    }
    pipeline Middle: Talks { in question: text out answer: text
      remote talk: Talks { at end.Last else Last() }
      question -> talk -> answer
    }
    pipeline Last: Talks { in question: text out answer: text question -> answer }
    peer gpu { runs Middle }
    peer end { runs Last }
    interface Talks { in question: text out answer: text }`,
  "shared pipelines that call each other": `
    interface Talks { in question: text out answer: text }
    pipeline One: Talks { in question: text out answer: text
      remote two: Talks { at b.Two }
      question -> two -> answer
    }
    pipeline Two: Talks { in question: text out answer: text
      remote one: Talks { at a.One }
      question -> one -> answer
    }
    peer a { runs One shared }
    peer b { runs Two shared }`,
  "a shared mixer of which the caller taps a part": `
    interface Sends { in text }
    interface Taps { out text }
    node Mix { in text out text }
    pipeline Mixer { in line: text out mixed: text line -> Mix() -> mixed }
    pipeline Guest { in line: text out heard: text
      remote up: Sends { at room.Mixer }
      remote down: Taps { at room.Mixer }
      line -> up
      down -> heard
    }
    peer room { runs Mixer shared }
    peer guest { runs Guest }`,
});
