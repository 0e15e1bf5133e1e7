/** The other parsers, each for a language of its own: one that says the same as ours, and one of a like size. */
import { parse as parseTypeSpec } from "@typespec/compiler/ast";
import { createServicesForGrammar } from "langium/grammar";

/**
 * The part of the Mesh language that the measured text uses, as a Langium grammar. It reads the same text and gives a
 * tree with the same parts; what our parser has beyond it (recovery by line, words that are names as well) it leaves out.
 */
const meshGrammar = `
grammar Mesh

entry File: (imports+=Import | declarations+=Declaration)*;
Import: 'import' '{' names+=ImportName (',' names+=ImportName)* ','? '}' 'from' from=STRING;
ImportName: name=ID ('as' alias=ID)?;
Declaration: Record | Interface | Node | Pipeline | Policy | Peer | Scenario;

Record: 'record' name=ID '{' (fields+=Field ','?)* '}';
Field: name=ID ':' type=Type ('=' default=Expression)?;
Interface: (batch?='batch')? 'interface' name=ID '{' members+=SignatureMember* '}';
Node: (batch?='batch')? 'node' name=ID Parameters? '{' members+=SignatureMember* '}';
fragment Parameters: '(' (parameters+=Field (',' parameters+=Field)*)? ')';
Pipeline: (batch?='batch')? 'pipeline' name=ID Parameters? (':' conformsTo=ID)? '{' members+=PipelineMember* '}';
Policy: 'policy' name=ID '{' clauses+=Clause* '}';
Peer: 'peer' name=ID '{' members+=PeerMember* '}';
Scenario: 'scenario' title=STRING 'for' pipeline=ID '{' steps+=ScenarioStep* '}';

SignatureMember: Port | Requires | Latency | From;
Port: direction=('in' | 'out') (name=ID ':')? type=Type;
Requires: 'requires' conditions+=Condition (',' conditions+=Condition)*;
Latency: 'latency' value=Expression;
From: 'from' path=STRING;

PipelineMember: SignatureMember | Let | Remote | Budget | Flow;
Let: 'let' name=ID '=' value=Instance;
Instance: callee=ID Arguments;
fragment Arguments: '(' (arguments+=Argument (',' arguments+=Argument)*)? ')';
Argument: name=ID ':' value=Expression;
Budget: 'budget' limit=Expression from=PortReference '->' to=PortReference;
PortReference: target=ID ('.' port=ID)?;
Flow: source=Step hops+=Hop+;
Hop: arrow=('->' | '~>') step=Step;
Step: Group | Flush | Endpoint;
Group: '[' branches+=Branch (',' branches+=Branch)* ']';
Branch: source=Step hops+=Hop*;
Flush: 'flush' target=ID;
Endpoint: target=ID (Arguments called?=')'?)? ('.' port=ID)?;

Remote: 'remote' name=ID ':' interface=ID ('with' policy=ID)? '{' (targets+=Target | clauses+=Clause)* '}';
Target: role=('at' | 'else') value=TargetValue;
TargetValue: UriTarget | ServiceTarget | NamedTarget;
UriTarget: uri=STRING;
ServiceTarget: 'service' name=STRING
  ('where' conditions+=Condition (',' conditions+=Condition)*)? (',' 'prefer' prefer=ID)?;
NamedTarget: name=ID ('.' pipeline=ID | Arguments);
Condition: alternatives+=Comparison ('or' alternatives+=Comparison)*;
Comparison: property+=ID ('.' property+=ID)* (operator=('==' | '!=' | '>=' | '<=' | '<' | '>') value=Expression)?;

Clause: Retry | Timeout | Breaker;
Retry: 'retry' times=Expression 'times' (',' 'backoff' backoff=Expression)?;
Timeout: 'timeout' entries+=TimeoutEntry (',' entries+=TimeoutEntry)*;
TimeoutEntry: name=ID value=Expression;
Breaker: 'breaker' failures=Expression 'failures' 'in' window=Expression (',' 'open' open=Expression)?;

PeerMember: Runs | Provides | Strings;
Runs: 'runs' callee=ID Arguments? ('as' as=STRING)?;
Strings: member=('listens' | 'registers' | 'allows') values+=STRING (',' values+=STRING)*;
Provides: 'provides' capabilities+=Capability (',' capabilities+=Capability)*;
Capability: name=ID ('(' values+=CapabilityValue (',' values+=CapabilityValue)* ')')?;
CapabilityValue: (name=ID ':')? value=Expression;

ScenarioStep: AtStep | ExpectUses | ExpectGap;
AtStep: 'at' time=Expression action=ID peer=ID;
ExpectGap: 'expect' 'gap' port=ID '<=' limit=Expression;
ExpectUses: 'expect' remote=ID 'uses' target=ID ('within' within=Expression)?;

Type: PlainType (optional?='?')? (narrowed?='in' range=Expression)?;
PlainType: ListType | NamedType;
ListType: '[' element=Type ']';
NamedType: name=ID ('<' caps+=Cap (',' caps+=Cap)* '>')?;
Cap: values+=CapValue ('|' values+=CapValue)*;
CapValue: Quantity | Name;

Expression: Quantity | Text | Call;
Quantity: min=QUANTITY (range?='..' max=QUANTITY)?;
Text: value=STRING;
Name: name=ID;
Call: name=ID ('(' arguments+=Expression (',' arguments+=Expression)* ')')?;

hidden terminal SPACE: /\\s+/;
hidden terminal BLOCK_COMMENT: /\\/\\*[\\s\\S]*?\\*\\//;
hidden terminal LINE_COMMENT: /\\/\\/[^\\n\\r]*/;
terminal QUANTITY: /-?[0-9]+(\\.[0-9]+)*(%|[A-Za-z_][A-Za-z0-9_]*)?/;
terminal ID: /[A-Za-z_][A-Za-z0-9_]*/;
terminal STRING: /"(\\\\.|[^"\\\\])*"/;
`;

/** Gives the tree of a text, and throws where it finds a mistake. */
export type Parse = (text: string) => object;

/** Langium's parse alone: lexing, parsing and the tree; no linking, no validation. */
export async function langiumParser(): Promise<Parse> {
  const services = await createServicesForGrammar({ grammar: meshGrammar });
  const parser = services.parser.LangiumParser;
  return (text) => {
    const { value, lexerErrors, parserErrors } = parser.parse(text);
    const first = lexerErrors[0]?.message ?? parserErrors[0]?.message;
    if (first !== undefined) throw new Error(`Langium: ${first}`);
    return value;
  };
}

export function typeSpecParser(): Parse {
  return (text) => {
    const file = parseTypeSpec(text);
    const [first] = file.parseDiagnostics;
    if (first !== undefined) throw new Error(`TypeSpec: ${first.message}`);
    return file;
  };
}
