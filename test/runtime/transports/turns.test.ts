import { expect, it } from "vitest";
import { Turns } from "../../../runtime/transports/webrtc/turns.ts";

const [one, two, three] = [{ name: "one" }, { name: "two" }, { name: "three" }];

it("gives those a turn first that have not had one, and the others one after the other", () => {
  const turns = new Turns<object>();
  expect([turns.add(one), turns.add(two), turns.add(one)]).toEqual([true, true, false]);
  turns.served(one);
  turns.served(two);
  expect(turns.inOrder()).toEqual([one, two]);
  turns.served(one);
  turns.add(three);
  expect(turns.inOrder()).toEqual([three, two, one]);
  turns.served(three);
  expect(turns.inOrder()).toEqual([two, one, three]);
});

it("gives one that went and came back its turn first", () => {
  const turns = new Turns<object>();
  for (const each of [one, two]) {
    turns.add(each);
    turns.served(each);
  }
  turns.delete(two);
  expect([turns.has(two), turns.size]).toEqual([false, 1]);
  turns.delete(three);
  turns.add(two);
  expect(turns.inOrder()).toEqual([two, one]);
  turns.clear();
  expect(turns.inOrder()).toEqual([]);
});
