import { launchReader } from "./main.mesh";

const form = document.querySelector("form");
const list = document.querySelector("ol");
const reader = await launchReader();

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  void reader.line.write(String(new FormData(form).get("line")));
  form.reset();
});

for await (const { line, words, loud } of reader.reading) {
  const item = document.createElement("li");
  item.textContent = `${line} (${words} word${words === 1 ? "" : "s"}${loud ? ", loud" : ""})`;
  list?.append(item);
}
