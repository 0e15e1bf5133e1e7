/** The page of the graph: draws what the extension tells it, and tells where somebody clicks. */
import { framesOf, type Picture } from "../../compiler/graph/picture.ts";
import { svg } from "../../compiler/graph/svg.ts";
import type { FromPage, LivePicture, ToPage } from "../core/messages.ts";
import { UntilHeard } from "../core/until-heard.ts";
import { Zoom } from "./zoom.ts";

declare function acquireVsCodeApi(): {
  readonly postMessage: (message: FromPage) => void;
  readonly setState: (state: { readonly uri: string }) => void;
};

const { postMessage: say, setState } = acquireVsCodeApi();
setState({ uri: document.body.dataset["uri"] ?? "" });

const picture = elementOf("picture");
const notice = elementOf("notice");
const zoom = new Zoom(picture);

/** What a page says before the editor has taken it for its own is lost; that it is heard twice does no harm. */
const ready = new UntilHeard(
  () => say({ type: "ready" }),
  (ms, callback) => void window.setTimeout(callback, ms),
  () => (notice.textContent = "The editor does not answer. Close the graph, and open it again."),
);

/** The latest that came, which may be newer than what is drawn. */
let wanted: Picture | undefined;
/** Why that is not how the program is now, or why there is none. It may have come while the picture is laid out. */
let reason: string | undefined;
let isDrawing = false;
let selected: readonly string[] = [];
let live: LivePicture | null = null;

window.addEventListener("message", ({ data }: MessageEvent<ToPage>) => {
  switch (data.type) {
    case "heard":
      ready.heard();
      break;
    case "picture":
      wanted = data.picture;
      reason = undefined;
      void draw();
      break;
    case "none":
      wanted = undefined;
      picture.replaceChildren();
      reason = data.reason;
      showReason();
      break;
    case "stale":
      reason = data.reason;
      showReason();
      break;
    case "select":
      selected = data.ids;
      showSelected();
      break;
    case "live":
      live = data.live;
      showLive();
      break;
    default:
      data satisfies never;
  }
});

/** Lays out the latest picture; those that have come meanwhile are skipped but for the last. */
async function draw(): Promise<void> {
  if (isDrawing) return;
  isDrawing = true;
  try {
    for (let drawn: Picture | undefined; drawn !== wanted && wanted !== undefined;) {
      drawn = wanted;
      const text = await svg(drawn, { handles: true });
      if (wanted !== undefined) put(drawn, text);
    }
  } catch (error) {
    notice.textContent = `The picture could not be laid out: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    isDrawing = false;
  }
}

function put(drawn: Picture, text: string): void {
  const parsed = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  const image = document.importNode(parsed, true);
  const names = namesOf(drawn);
  for (const part of image.querySelectorAll<SVGElement>("[data-id]")) {
    const name = names.get(part.dataset["id"] ?? "");
    if (name === undefined) continue;
    part.classList.add("part");
    part.setAttribute("tabindex", "0");
    part.setAttribute("role", "link");
    part.setAttribute("aria-label", name);
  }
  picture.replaceChildren(image);
  zoom.take(image);
  showReason();
  showSelected();
  showLive();
}

function showReason(): void {
  notice.textContent = reason ?? (wanted?.frames.length === 0 ? "There is no pipeline here yet." : "");
  document.body.classList.toggle("stale", reason !== undefined);
}

/** What can be gone to, with a name for those who do not see it. */
function namesOf({ frames, boxes, arrows }: Picture): ReadonlyMap<string, string> {
  const all = [...framesOf(frames)];
  const parts = [...all, ...all.flatMap((one) => one.boxes), ...boxes];
  return new Map([
    ...parts.flatMap(({ id, kind, label, at }): [string, string][] =>
      at === undefined ? [] : [[id, `${kind} ${label}`]],
    ),
    ...arrows.flatMap(({ kind, label, at }, index): [string, string][] =>
      at === undefined ? [] : [[`arrow:${index}`, `${kind} ${label}`]],
    ),
  ]);
}

function partsWith(id: string): NodeListOf<SVGElement> {
  return picture.querySelectorAll(`[data-id="${CSS.escape(id)}"]`);
}

function showSelected(): void {
  for (const one of picture.querySelectorAll(".selected")) one.classList.remove("selected");
  for (const id of selected) for (const one of partsWith(id)) one.classList.add("selected");
  const [first] = selected.flatMap((id) => [...partsWith(id)]);
  first?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

const liveClasses = ["flowing", "lossy", "opening", "running", "ended", "failed", "connecting", "connected"];

function showLive(): void {
  document.body.classList.toggle("live", live !== null);
  for (const one of picture.querySelectorAll(".told")) {
    one.classList.remove("told", ...liveClasses);
    one.querySelector("title")?.remove();
  }
  for (const one of picture.querySelectorAll(".rate")) one.remove();
  for (const [id, { text, isFlowing, isLossy }] of Object.entries(live?.streams ?? {})) {
    for (const part of partsWith(id)) {
      part.classList.add("told", ...(isFlowing ? ["flowing"] : []), ...(isLossy ? ["lossy"] : []));
      if (part instanceof SVGGElement) addRate(part, text);
    }
  }
  for (const [id, { state, text }] of Object.entries(live?.boxes ?? {})) {
    for (const part of partsWith(id)) {
      part.classList.add("told", state);
      const title = document.createElementNS("http://www.w3.org/2000/svg", "title");
      title.textContent = text;
      part.prepend(title);
    }
  }
}

/** Beside the format of a stream, how much of it flows. */
function addRate(label: SVGGElement, text: string): void {
  const [ground, format] = [label.querySelector("rect"), label.querySelector("text")];
  if (ground === null || format === null) return;
  const rate = document.createElementNS("http://www.w3.org/2000/svg", "text");
  rate.classList.add("n", "rate");
  rate.setAttribute("x", String(Number(ground.getAttribute("x")) + Number(ground.getAttribute("width"))));
  rate.setAttribute("y", format.getAttribute("y") ?? "0");
  rate.textContent = text;
  label.append(rate);
}

function reveal(target: EventTarget | null): boolean {
  const part = target instanceof Element ? target.closest<SVGElement>(".part[data-id]") : null;
  const id = part?.dataset["id"];
  if (id !== undefined) say({ type: "reveal", id });
  return id !== undefined;
}

picture.addEventListener("click", ({ target }) => void reveal(target));
picture.addEventListener("keydown", (event) => {
  if ((event.key === "Enter" || event.key === " ") && reveal(event.target)) event.preventDefault();
});
elementOf("smaller").addEventListener("click", () => zoom.by(1 / 1.25));
elementOf("larger").addEventListener("click", () => zoom.by(1.25));
elementOf("fit").addEventListener("click", () => zoom.fit());
elementOf("save").addEventListener("click", () => {
  if (wanted !== undefined) void svg(wanted).then((text) => say({ type: "save", svg: text }));
});

function elementOf(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`no element ${id}`);
  return found;
}

ready.start();
