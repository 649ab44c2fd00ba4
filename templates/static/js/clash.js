// Two windows wrote the same answer: both texts side by side, differences marked, and a person chooses.
// The same shape as the server draws in parts/clash.html.
import { clockTime, figure, make, word } from "./saved.js";

const MOST = 1500; // words a side; longer texts are shown without marks

// What is the same, taken away and added between two lists of words, by their longest common run of words.
export function differences(before, after) {
  const [a, b] = [before, after].map((text) => text.match(/\s+|[^\s]+/g) ?? []);
  if (a.length > MOST * 2 || b.length > MOST * 2) return [{ op: "del", text: before }, { op: "ins", text: after }];
  const wide = b.length + 1;
  const table = new Uint16Array((a.length + 1) * wide);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      table[i * wide + j] = a[i] === b[j]
        ? table[(i + 1) * wide + j + 1] + 1
        : Math.max(table[(i + 1) * wide + j], table[i * wide + j + 1]);
    }
  }
  const pieces = [];
  const add = (op, text) => {
    if (pieces.at(-1)?.op === op) pieces.at(-1).text += text;
    else pieces.push({ op, text });
  };
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      add("same", a[i]);
      [i, j] = [i + 1, j + 1];
    } else if (j >= b.length || (i < a.length && table[(i + 1) * wide + j] >= table[i * wide + j + 1])) {
      add("del", a[i]);
      i += 1;
    } else {
      add("ins", b[j]);
      j += 1;
    }
  }
  return pieces;
}

// One side: the words both have, and its own words marked.
function side(pieces, own) {
  const text = make("div", { class: "read", dir: "auto" });
  let line = make("p");
  text.append(line);
  for (const piece of pieces) {
    if (piece.op !== "same" && piece.op !== own) continue;
    piece.text.split(/\n{2,}/).forEach((part, index) => {
      if (index) {
        line = make("p");
        text.append(line);
      }
      if (part) line.append(piece.op === "same" ? part : make(own, {}, part));
    });
  }
  return text;
}

function readable(value) {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(readable).join("\n");
  if (value && typeof value === "object") return Object.values(value).map(readable).join("\n");
  return value === null || value === undefined ? "" : String(value);
}

function card(name, value, title, small, text, checked) {
  const box = make("input", { type: "radio", name, value, form: "nowhere" }); // a choice, not an answer: outside the form
  box.checked = checked;
  const words = make("span", {}, make("b", {}, title));
  if (small) words.append(make("small", {}, small));
  return make("div", {}, make("label", { class: "choice" }, box, words), text);
}

// Draws the section before the answer's control and calls chosen("mine" | "theirs" | "both").
export function clash(form, wrap, code, two, single, chosen) {
  wrap.querySelector(".clash")?.remove();
  const zone = form.dataset.zone;
  const id = "clash-" + code.replace(/\W/g, "-");
  const name = "keep:" + code;
  const mine = single ? single.value : readable(two.yours_said ?? two.yours);
  const pieces = differences(readable(single ? two.theirs : two.theirs_said ?? two.theirs), mine);
  const by = two.by && two.at ? word(form, "by", { person: two.by, time: clockTime(two.at, zone) }) : two.by ?? (two.at ? clockTime(two.at, zone) : "");
  const section = make("section", { class: "clash", "aria-labelledby": id });
  const first = make("button", { type: "button", class: "is-main" }, word(form, "keep"));
  const both = make("button", { type: "button", class: "is-plain" }, word(form, "both"));
  section.append(
    make("p", { role: "alert" }, word(form, "clash")),
    make("h2", { id }, word(form, "which")),
    make("div", { class: "versus" },
      card(name, "mine", word(form, "mine"), "", side(pieces, "ins"), true),
      card(name, "theirs", word(form, "theirs", { version: figure(two.version) }), by, side(pieces, "del"), false)),
    make("div", { class: "actions" }, first, ...(single ? [both] : [])),
    make("p", { class: "why" }, word(form, "history")),
  );
  const end = (choice) => {
    section.remove();
    chosen(choice);
    (single ?? wrap.querySelector("input, select, textarea"))?.focus();
  };
  first.addEventListener("click", () => end(section.querySelector("input:checked").value));
  both.addEventListener("click", () => end("both"));
  const label = wrap.querySelector(":scope > label, :scope > legend");
  if (label) label.after(section);
  else wrap.prepend(section);
}
