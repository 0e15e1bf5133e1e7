/** A path of the project as another file of it imports it: `./b.mesh`, `../lib/c.mesh`. */
export function relativeImport(from: string, to: string): string {
  const folder = from.split("/").slice(0, -1);
  const target = to.split("/");
  let common = 0;
  while (common < folder.length && common < target.length - 1 && folder[common] === target[common]) common += 1;
  const up = folder.slice(common).map(() => "..");
  const way = [...up, ...target.slice(common)].join("/");
  return up.length === 0 ? `./${way}` : way;
}
