import {
  EventEmitter,
  StatusBarAlignment,
  ThemeColor,
  ThemeIcon,
  TreeItem,
  TreeItemCollapsibleState,
  window,
} from "vscode";
import type { Disposable, TreeDataProvider } from "vscode";
import { rateOf, rateText, withInner } from "../core/rates.ts";
import { runRows, type RunRow } from "../core/run-tree.ts";
import type { MeshRun, Runs } from "./runs.ts";

/** Messages come in bursts; more often than so nobody can read. */
const refreshMs = 200;

/** The view of the peers and streams that run, and a few words of it in the status bar. */
export class RunView implements Disposable {
  readonly #parts: Disposable[];
  readonly #runs: Runs;
  readonly #status = window.createStatusBarItem("mesh.runs", StatusBarAlignment.Left, 10);
  readonly #changed = new EventEmitter<void>();
  #timer: NodeJS.Timeout | undefined;

  constructor(runs: Runs) {
    this.#runs = runs;
    this.#status.name = "Mesh: what runs";
    this.#status.command = "mesh.runs.focus";
    const provider: TreeDataProvider<RunRow> = {
      onDidChangeTreeData: this.#changed.event,
      getChildren: (row) => (row === undefined ? runRows(runs.all) : [...row.children]),
      getTreeItem: itemOf,
    };
    const view = window.createTreeView("mesh.runs", { treeDataProvider: provider, showCollapseAll: true });
    this.#parts = [view, this.#status, this.#changed, runs.onDidChange(() => this.#later())];
  }

  #later(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#changed.fire();
      this.#tell(this.#runs.running);
    }, refreshMs);
  }

  #tell(running: readonly MeshRun[]): void {
    if (running.length === 0) {
      this.#status.hide();
      return;
    }
    const peers = running.flatMap(({ state }) => state.peers.filter((one) => one.state === "listening"));
    const perSecond = running.reduce((sum, { state, rates }) => {
      const open = [...state.sessions.values()].filter((one) => one.open).map((one) => one.description);
      const own = [...withInner(open)].flatMap(({ id, streams }) => streams.map(({ name }) => rateOf(rates, id, name)));
      return sum + own.reduce((all, one) => all + one, 0);
    }, 0);
    const rate = rateText(perSecond);
    const count = `${peers.length} peer${peers.length === 1 ? "" : "s"}`;
    this.#status.text = `$(broadcast) ${count}${rate === "" ? "" : ` · ${rate}`}`;
    this.#status.tooltip = running.map(({ title }) => title).join("\n");
    this.#status.show();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    for (const one of this.#parts) one.dispose();
  }
}

function itemOf({ id, label, description, tooltip, icon, colour, children, context, isOpen }: RunRow): TreeItem {
  const { None, Collapsed, Expanded } = TreeItemCollapsibleState;
  const state = isOpen === true ? Expanded : children.length === 0 ? None : Collapsed;
  const item = new TreeItem(label, state);
  item.id = id;
  item.description = description;
  item.tooltip = tooltip;
  item.iconPath = new ThemeIcon(icon, colour === undefined ? undefined : new ThemeColor(colour));
  item.contextValue = context ?? "";
  return item;
}
