/** mesh/v1/mesh.proto; written by scripts/grpc-descriptor.mjs. */

/** In the JSON of protobufjs. */
export const meshV1 = {
  nested: {
    mesh: {
      nested: {
        v1: {
          nested: {
            Pipeline: {
              methods: {
                Describe: { requestType: "DescribeRequest", responseType: "DescribeResponse" },
                Execute: { requestType: "ExecuteRequest", responseType: "ExecuteResponse" },
                Stream: {
                  requestType: "StreamMessage",
                  requestStream: true,
                  responseType: "StreamMessage",
                  responseStream: true,
                },
              },
            },
            DescribeRequest: { fields: { pipeline: { type: "string", id: 1 } } },
            DescribeResponse: {
              fields: {
                pipeline: { type: "string", id: 1 },
                batch: { type: "bool", id: 2 },
                inputs: { rule: "repeated", type: "Port", id: 3 },
                outputs: { rule: "repeated", type: "Port", id: 4 },
                idempotent: { type: "bool", id: 5 },
                max_request_bytes: { type: "uint32", id: 6 },
                schemas_json: { type: "string", id: 7 },
                encodings: { rule: "repeated", type: "string", id: 8 },
                params: { rule: "repeated", type: "Parameter", id: 9 },
              },
            },
            Parameter: {
              fields: {
                name: { type: "string", id: 1 },
                type: { type: "string", id: 2 },
                type_json: { type: "string", id: 3 },
                required: { type: "bool", id: 4 },
                default_json: { type: "string", id: 5 },
              },
            },
            Port: {
              fields: {
                name: { type: "string", id: 1 },
                type: { type: "string", id: 2 },
                type_json: { type: "string", id: 3 },
                optional: { type: "bool", id: 4 },
              },
            },
            ExecuteRequest: {
              fields: {
                pipeline: { type: "string", id: 1 },
                inputs: { keyType: "string", type: "Payload", id: 2 },
                params_json: { keyType: "string", type: "string", id: 3 },
                items: { rule: "repeated", type: "Item", id: 4 },
                encodings: { rule: "repeated", type: "string", id: 5 },
              },
            },
            Item: { fields: { inputs: { keyType: "string", type: "Payload", id: 1 } } },
            ExecuteResponse: {
              fields: {
                outputs: { keyType: "string", type: "Payload", id: 1 },
                items: { rule: "repeated", type: "ItemResult", id: 2 },
              },
            },
            ItemResult: {
              fields: { outputs: { keyType: "string", type: "Payload", id: 1 }, failure: { type: "Failure", id: 2 } },
            },
            Failure: {
              fields: {
                status: { type: "int32", id: 1 },
                message: { type: "string", id: 2 },
                code: { type: "string", id: 3 },
                hint: { type: "string", id: 4 },
                retry_after_ms: { type: "uint32", id: 5 },
              },
            },
            Payload: {
              oneofs: { kind: { oneof: ["text", "json", "bytes", "samples_s16", "samples_f32", "none", "cbor"] } },
              fields: {
                text: { type: "string", id: 1 },
                json: { type: "string", id: 2 },
                bytes: { type: "bytes", id: 3 },
                samples_s16: { type: "bytes", id: 4 },
                samples_f32: { type: "bytes", id: 5 },
                none: { type: "bool", id: 6 },
                cbor: { type: "bytes", id: 8 },
                timestamp_us: { type: "double", id: 7 },
              },
            },
            StreamMessage: {
              fields: {
                channel: { type: "uint32", id: 1 },
                message: { type: "bytes", id: 2 },
                close: { type: "string", id: 3 },
              },
            },
          },
        },
      },
    },
  },
};

/** Its FileDescriptorProto in base64. */
export const meshV1Descriptor: string = [
  "ChJtZXNoL3YxL21lc2gucHJvdG8SB21lc2gudjEiIwoPRGVzY3JpYmVSZXF1ZXN0EhAKCHBpcGVsaW5lGAEgASgJItMBChBEZXNjcmliZVJlc3",
  "BvbnNlEhAKCHBpcGVsaW5lGAEgASgJEg0KBWJhdGNoGAIgASgIEhQKBmlucHV0cxgDIAMoCzIEUG9ydBIVCgdvdXRwdXRzGAQgAygLMgRQb3J0",
  "EhIKCmlkZW1wb3RlbnQYBSABKAgSGQoRbWF4X3JlcXVlc3RfYnl0ZXMYBiABKA0SFAoMc2NoZW1hc19qc29uGAcgASgJEhEKCWVuY29kaW5ncx",
  "gIIAMoCRIZCgZwYXJhbXMYCSADKAsyCVBhcmFtZXRlciJiCglQYXJhbWV0ZXISDAoEbmFtZRgBIAEoCRIMCgR0eXBlGAIgASgJEhEKCXR5cGVf",
  "anNvbhgDIAEoCRIQCghyZXF1aXJlZBgEIAEoCBIUCgxkZWZhdWx0X2pzb24YBSABKAkiRwoEUG9ydBIMCgRuYW1lGAEgASgJEgwKBHR5cGUYAi",
  "ABKAkSEQoJdHlwZV9qc29uGAMgASgJEhAKCG9wdGlvbmFsGAQgASgIIqoCCg5FeGVjdXRlUmVxdWVzdBIQCghwaXBlbGluZRgBIAEoCRIzCgZp",
  "bnB1dHMYAiADKAsyIy5tZXNoLnYxLkV4ZWN1dGVSZXF1ZXN0LklucHV0c0VudHJ5Ej0KC3BhcmFtc19qc29uGAMgAygLMigubWVzaC52MS5FeG",
  "VjdXRlUmVxdWVzdC5QYXJhbXNfanNvbkVudHJ5EhMKBWl0ZW1zGAQgAygLMgRJdGVtEhEKCWVuY29kaW5ncxgFIAMoCRo2CgtJbnB1dHNFbnRy",
  "eRILCgNrZXkYASABKAkSFgoFdmFsdWUYAiABKAsyB1BheWxvYWQ6AjgBGjIKEFBhcmFtc19qc29uRW50cnkSCwoDa2V5GAEgASgJEg0KBXZhbH",
  "VlGAIgASgJOgI4ASJpCgRJdGVtEikKBmlucHV0cxgBIAMoCzIZLm1lc2gudjEuSXRlbS5JbnB1dHNFbnRyeRo2CgtJbnB1dHNFbnRyeRILCgNr",
  "ZXkYASABKAkSFgoFdmFsdWUYAiABKAsyB1BheWxvYWQ6AjgBIp0BCg9FeGVjdXRlUmVzcG9uc2USNgoHb3V0cHV0cxgBIAMoCzIlLm1lc2gudj",
  "EuRXhlY3V0ZVJlc3BvbnNlLk91dHB1dHNFbnRyeRIZCgVpdGVtcxgCIAMoCzIKSXRlbVJlc3VsdBo3CgxPdXRwdXRzRW50cnkSCwoDa2V5GAEg",
  "ASgJEhYKBXZhbHVlGAIgASgLMgdQYXlsb2FkOgI4ASKSAQoKSXRlbVJlc3VsdBIxCgdvdXRwdXRzGAEgAygLMiAubWVzaC52MS5JdGVtUmVzdW",
  "x0Lk91dHB1dHNFbnRyeRIYCgdmYWlsdXJlGAIgASgLMgdGYWlsdXJlGjcKDE91dHB1dHNFbnRyeRILCgNrZXkYASABKAkSFgoFdmFsdWUYAiAB",
  "KAsyB1BheWxvYWQ6AjgBIl4KB0ZhaWx1cmUSDgoGc3RhdHVzGAEgASgFEg8KB21lc3NhZ2UYAiABKAkSDAoEY29kZRgDIAEoCRIMCgRoaW50GA",
  "QgASgJEhYKDnJldHJ5X2FmdGVyX21zGAUgASgNIqYBCgdQYXlsb2FkEg4KBHRleHQYASABKAlIABIOCgRqc29uGAIgASgJSAASDwoFYnl0ZXMY",
  "AyABKAxIABIVCgtzYW1wbGVzX3MxNhgEIAEoDEgAEhUKC3NhbXBsZXNfZjMyGAUgASgMSAASDgoEbm9uZRgGIAEoCEgAEg4KBGNib3IYCCABKA",
  "xIABIUCgx0aW1lc3RhbXBfdXMYByABKAFCBgoEa2luZCJACg1TdHJlYW1NZXNzYWdlEg8KB2NoYW5uZWwYASABKA0SDwoHbWVzc2FnZRgCIAEo",
  "DBINCgVjbG9zZRgDIAEoCTLHAQoIUGlwZWxpbmUSPwoIRGVzY3JpYmUSGC5tZXNoLnYxLkRlc2NyaWJlUmVxdWVzdBoZLm1lc2gudjEuRGVzY3",
  "JpYmVSZXNwb25zZRI8CgdFeGVjdXRlEhcubWVzaC52MS5FeGVjdXRlUmVxdWVzdBoYLm1lc2gudjEuRXhlY3V0ZVJlc3BvbnNlEjwKBlN0cmVh",
  "bRIWLm1lc2gudjEuU3RyZWFtTWVzc2FnZRoWLm1lc2gudjEuU3RyZWFtTWVzc2FnZSgBMAFiBnByb3RvMw==",
].join("");
