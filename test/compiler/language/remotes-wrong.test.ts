import { judge } from "../support/judged.ts";

const declared = `
interface Talks { in question: text out answer: text }
batch interface Asks { in question: text out answer: text }
node Work { in text out text }
node Deaf { out text }
node Mute { in text }
node Hungry { in text in more: text out text }
node Count { in text out int }
node Beat { out signal }
batch node Ask { in text out text }
pipeline Far: Talks { in question: text out answer: text question -> Work() -> answer }
pipeline Spoken(accent: text): Talks { in question: text out answer: text question -> Work() -> answer }
pipeline Other { in number: int out answer: text number -> Say() -> answer }
node Say { in int out text }
pipeline Idle: Talks { in question: text out answer: text question -> answer }
policy patient { retry 5 times, backoff 100ms..5s }
peer gpu { runs Far runs Other listens "webrtc://127.0.0.1:7444" provides gpu }
peer grpc_only { runs Far listens "grpc://127.0.0.1:7445" }
`;

const withRemote = (remote: string): string =>
  `pipeline Main(accent: text = "en") {\n  in  question: text\n  out answer: text\n  remote talk: Talks ${remote}\n  question -> talk -> answer\n}\n${declared}`;

judge(
  "targets that are wrong",
  {
    "an unknown peer": "{ at «2001 gpo».Far }",
    "an unknown pipeline": "{ at gpu.«2001 Fra» }",
    "a pipeline that the peer does not run": "{ at gpu.«2001 Idle» }",
    "a node of a peer": "{ at gpu.«2001 Work» }",
    "a pipeline in place of a peer": "{ at «2007 Far».Idle }",
    "an unknown local node": "{ at «2001 Wrok»() }",
    "an interface as a local target": "{ at «2007 Talks»() }",
    "a local pipeline without its argument": "{ at «2009 Spoken»() }",
    "a local node with an unknown parameter": '{ at Work(«2008 model»: "x") }',
    "an address without a scheme": '{ at «3003 "far.example.com/talker"» }',
    "an address of another scheme": '{ at «3003 "http://far.example.com/talker"» }',
    "an address without a pipeline": '{ at «3003 "webrtc://far.example.com"» }',
    "an address without a host": '{ at «3003 "webrtc:///talker"» }',
    "a port that no machine has": '{ at «3003 "webrtc://far.example.com:99999/talker"» }',
    "a service without a name": '{ at service «3003 ""» }',
    "an unknown preference": '{ at service "talker", prefer «2010 fastets» }',
    "a policy that is none": '{ at service "talker", prefer «2010 first» }',
    "an unknown parameter of where": '{ at service "talker" where voice == «2001 acent» }',
    "a range in where": '{ at service "talker" where memory == «3003 1GiB..2GiB» }',
    "where without a value": '{ at service "talker" where memory >=«1004 »\n  }',
  },
  withRemote,
);

judge(
  "targets that do not satisfy the interface",
  {
    "a peer's pipeline with an input of another type": "{ «6003 at gpu.Other» }",
    "a local node with an output of another type": "{ «6003 at Count()» }",
    "a local node without an input": "{ «6003 at Deaf()» }",
    "a local node without an output": "{ «6003 at Mute()» }",
    "a local node with an input that nothing feeds": "{ «6003 at Hungry()» }",
    "a fallback": "{ at gpu.Far «6003 else Count()» }",
    "a fallback on a peer": '{ at service "talker" «6003 else gpu.Other» else Far() }',
    "a stream where requests are answered": "{ at Far() }\n  remote ask: Asks { «6003 at Work()» }\n  question -> ask",
    "a peer's stream where requests are answered":
      "{ at Far() }\n  remote ask: Asks { «6003 at gpu.Far» }\n  question -> ask",
  },
  withRemote,
);

judge(
  "order and number of targets",
  {
    none: "{ }".replace("{ }", "{\n  }"),
    "none, with a policy": "with patient { retry 1 times }",
    "a fallback after a local node": "{ at Work() «6001 else gpu.Far» }",
    "a fallback after a local pipeline": '{ at gpu.Far else Far() «6001 else service "talker"» }',
    "a local target after a local one": "{ at Far() «6001 else Idle()» }",
    "the same peer twice": "{ at gpu.Far «6001 else gpu.Far» }",
    "the same address twice": '{ at "webrtc://far.example.com/a" «6001 else "webrtc://far.example.com/a"» }',
    "the same address with the usual port":
      '{ at "webrtc://far.example.com/a" «6001 else "webrtc://far.example.com:7443/a"» }',
    "the same service twice": '{ at service "talker" «6001 else service "talker"» }',
    "two at": "{ at gpu.Far «6007 at» Far() }",
    "else first": "{ «6007 else» gpu.Far }",
    "two fallbacks never reached": '{ at Work() «6001 else gpu.Far» else service "talker" }',
  },
  (remote) =>
    withRemote(remote).replace(/remote talk(?=: Talks (?:\{\n|with patient \{ retry 1))/u, "remote «6002 talk»"),
);

judge(
  "clauses that are wrong",
  {
    "an unknown policy": "with «2001 patent» { at gpu.Far }",
    "an interface for a policy": "with «2007 Talks» { at gpu.Far }",
    "via a transport that the address has not": '{ via grpc «6006 at "webrtc://far.example.com/talker"» }',
    "via WebRTC to gRPC": '{ via webrtc «6006 at "grpc://far.example.com/talker"» else Far() }',
    "via a transport that the peer does not listen at": "{ via grpc «6006 at gpu.Far» }",
    "via WebRTC to a peer of gRPC": "{ via webrtc «6006 at grpc_only.Far» }",
    "an unknown transport": "{ via «2010 quic» at gpu.Far }",
    "a clause twice": "{ retry 1 times «2003 retry 2 times» at gpu.Far }",
    "retries that outlast the call": "{ «6005 retry 5 times, backoff 1s..5s» timeout call 2s at gpu.Far }",
    "the retries of the policy outlast the call": "with patient { «6005 timeout call 2s» at gpu.Far }",
    "a failback without a unit": "{ failback after «3003 10» at gpu.Far }",
    "a resume in bytes": "{ resume «3003 10MiB» at gpu.Far }",
    "a plain peer under auth": '{ auth mtls "spiffe://example.com/x" «7002 at gpu.Far» }',
    "an unknown auth": '{ auth «2010 token» "abc" at service "talker" }',
    "an identity that is none": '{ auth mtls «7003 "example.com/talker"» at service "talker" }',
  },
  withRemote,
);

judge("policies that are wrong", {
  "no number of retries": "policy one {\n  retry times«1001 »\n  timeout connect 3s\n}",
  "retries in time": "policy one { retry «3003 5s» times }",
  "retries below nothing": "policy one { retry «3005 -1» times }",
  "half a retry": "policy one { retry «3003 1.5» times }",
  "a backoff upside down": "policy one { retry 3 times, backoff «3005 5s..100ms» }",
  "a backoff without units": "policy one { retry 3 times, backoff «3003 100..500» }",
  "a backoff of frequencies": "policy one { retry 3 times, backoff «3003 1Hz..5Hz» }",
  "an unknown timeout": "policy one { timeout «2010 connection» 3s }",
  "a timeout without a unit": "policy one { timeout connect «3003 3» }",
  "a timeout of nothing": "policy one { timeout connect «3005 0s» }",
  "a timeout twice": "policy one { timeout connect 3s, «2003 connect 5s» }",
  "a timeout twice in two clauses": "policy one { timeout connect 3s timeout «2003 connect 5s» }",
  "a breaker without failures": "policy one { breaker «3005 0» failures in 30s }",
  "a breaker within a bare number": "policy one { breaker 5 failures in «3003 30» }",
  "a breaker open for a frequency": "policy one { breaker 5 failures in 30s, open «3003 5Hz» }",
  "an unknown transport": "policy one { via «2010 tcp» }",
  "two transports": "policy one { via grpc «2003 via webrtc» }",
  "a transport in quotes": 'policy one { via «1002 "grpc"» }',
  "an identity without quotes": "policy one { auth mtls «1004 gpu» }",
  "an identity of another scheme": 'policy one { auth mtls «7003 "https://example.com/x"» }',
  "a resume without a unit": "policy one { resume «3003 10» }",
  "a resume below nothing": "policy one { resume «3005 -1s» }",
  "retries that outlast the call": "policy one {\n  «6005 retry 10 times, backoff 1s..5s»\n  timeout call 2s\n}",
  "retries that outlast the call by connecting":
    "policy one {\n  «6005 retry 3 times»\n  timeout connect 3s, call 5s\n}",
  "a target in a policy": "policy one {\n  retry 1 times\n  «1030 at» gpu.Far\n}",
  "an unknown clause": "policy one {\n  «1015 retries» 3\n}",
  "two of one name": "policy one { retry 1 times }\npolicy «2003 one» { retry 2 times }",
});

judge("remotes that are wrong", {
  "an unknown interface": `pipeline Main { in question: text out answer: text\n  remote talk: «2001 Tolks» { at gpu.Far }\n  question -> talk -> answer\n}${declared}`,
  "a pipeline for an interface": `pipeline Main { in question: text out answer: text\n  remote talk: «2007 Far» { at gpu.Far }\n  question -> talk -> answer\n}${declared}`,
  "an unused one": `pipeline Main { in question: text out answer: text\n  remote «2006 talk»: Talks { at gpu.Far }\n  question -> answer\n}${declared}`,
  "a port that the interface lacks": `pipeline Main { in question: text out answer: text\n  remote talk: Talks { at gpu.Far }\n  question -> talk\n  talk.«2002 reply» -> answer\n}${declared}`,
  "nothing feeds it": `pipeline Main { in question: text out answer: text\n  remote «5001 talk»: Talks { at gpu.Far }\n  talk -> answer\n}${declared}`,
  "a loop of two": `pipeline Main { in question: text out answer: text\n  remote one: Talks { at gpu.Far }\n  remote two: Talks { at gpu.Far }\n  [question, two] -> one «5003 ->» two\n  one -> answer\n}${declared}`,
  "a stream in first": `pipeline Main { in question: text out answer: text\n  remote one: Talks { at gpu.Far }\n  question -> first [Ask(), «5011 one»] -> answer\n}${declared}`,
  "two of one name": `pipeline Main { in question: text out answer: text\n  remote talk: Talks { at gpu.Far }\n  remote «2003 talk»: Talks { at Far() }\n  question -> talk -> answer\n}${declared}`,
  "pipelines that call each other": `
    pipeline One: Talks { in question: text out answer: text
      remote two: Talks { at b.Two }
      question -> two -> answer
    }
    pipeline Two: Talks { in question: text out answer: text
      remote one: Talks { «5008 at a.One» }
      question -> one -> answer
    }
    interface Talks { in question: text out answer: text }
    peer a { runs One }
    peer b { runs Two }`,
  "a pipeline that calls itself": `
    pipeline One: Talks { in question: text out answer: text
      remote again: Talks { «5008 at a.One» }
      question -> again -> answer
    }
    interface Talks { in question: text out answer: text }
    peer a { runs One }`,
  "a loop of fallbacks": `
    pipeline One: Talks { in question: text out answer: text
      remote two: Talks { at service "x" else b.Two }
      question -> two -> answer
    }
    pipeline Two: Talks { in question: text out answer: text
      remote one: Talks { at service "y" «6004 else a.One» }
      question -> one -> answer
    }
    interface Talks { in question: text out answer: text }
    peer a { runs One }
    peer b { runs Two }`,
  "a loop of fallbacks over three": `
    pipeline One: Talks { in question: text out answer: text
      remote next: Talks { at service "x" else b.Two }
      question -> next -> answer
    }
    pipeline Two: Talks { in question: text out answer: text
      remote next: Talks { at service "y" else c.Three }
      question -> next -> answer
    }
    pipeline Three: Talks { in question: text out answer: text
      remote next: Talks { at service "z" «6004 else a.One» }
      question -> next -> answer
    }
    interface Talks { in question: text out answer: text }
    peer a { runs One }
    peer b { runs Two }
    peer c { runs Three }`,
});
