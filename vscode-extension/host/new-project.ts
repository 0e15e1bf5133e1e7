import { spawn } from "node:child_process";
import { basename, join } from "node:path";
import process from "node:process";
import { commands, Uri, window, workspace } from "vscode";
import { templates } from "../../compiler/cli/init/templates.ts";

/** Asks what to begin with, writes it into a new folder and opens that. @param bundled the `meshc` of the extension */
export async function newProject(bundled: string): Promise<void> {
  const items = templates.map(({ name, summary }) => ({ label: name, detail: summary }));
  const template = await window.showQuickPick(items, { title: "New Mesh Project", placeHolder: "What to begin with" });
  if (template === undefined) return;
  const [parent] =
    (await window.showOpenDialog({
      title: "The folder in which the project gets one of its own",
      canSelectFiles: false,
      canSelectFolders: true,
      openLabel: "Make the Project Here",
    })) ?? [];
  if (parent === undefined) return;
  const name = await window.showInputBox({
    title: "New Mesh Project",
    prompt: "What is the project called? Its folder is named so.",
    value: `my-${template.label}`,
    validateInput: (text) =>
      /^[a-z0-9~-][a-z0-9._~-]*$/.test(text) ? undefined : "Small letters, digits, `-`, `_` and `.`, such as my-mesh.",
  });
  if (name === undefined) return;
  const folder = join(parent.fsPath, name);
  const { code, text } = await init(bundled, [
    "init",
    folder,
    "--template",
    template.label,
    "--name",
    basename(folder),
  ]);
  if (code !== 0) {
    await window.showErrorMessage(text.trim() || `The project could not be written (code ${code}).`);
    return;
  }
  const here = workspace.workspaceFolders === undefined;
  await commands.executeCommand("vscode.openFolder", Uri.file(folder), { forceNewWindow: !here });
}

function init(program: string, args: readonly string[]): Promise<{ readonly code: number; readonly text: string }> {
  return new Promise((resolve) => {
    const env = { ...process.env, ELECTRON_RUN_AS_NODE: "1", NO_COLOR: "1" };
    const child = spawn(process.execPath, [program, ...args], { env, stdio: ["ignore", "ignore", "pipe"] });
    let text = "";
    child.stderr.setEncoding("utf8").on("data", (part: string) => (text += part));
    child.once("error", (error) => resolve({ code: 3, text: error.message }));
    child.once("close", (code) => resolve({ code: code ?? 1, text }));
  });
}
