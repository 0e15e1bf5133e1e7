/**
 * Reads the options of a script that takes switches alone. An unknown one ends it with a line that tells what there is, and code 2.
 * @param given what was written behind the name of the script
 * @param known the switches, such as `--pack`
 * @param usage how it is called
 * @param words whether names may stand beside them
 */
export function readOptions(given, known, usage, words = false) {
  const unknown = given.find((one) => (one.startsWith("-") ? !known.includes(one) : !words));
  if (unknown !== undefined) {
    console.error(`error: Unknown ${unknown.startsWith("-") ? "option" : "argument"} '${unknown}'; usage: ${usage}`);
    process.exit(2);
  }
  return { has: (option) => given.includes(option), names: given.filter((one) => !one.startsWith("-")) };
}
