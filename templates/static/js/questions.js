// What questions of a form do while one fills them in. Every page works without it: the buttons send the form, hidden
// questions are simply all there, and the server writes the rules of a budget.
import { figure, make } from "./saved.js";

const TICK = "M2.5 8.5 6 12l7.5-8";
const WARN = "M8 2 1.5 13.5h13z M8 6.5v3.2 M8 11.6v.1";
const CLOCK = "M14 8a6 6 0 1 1-12 0 6 6 0 0 1 12 0z M8 4.5V8l2.5 1.5";
const CONTROLS = "input:not([type=hidden]), select, textarea";

// ---------- repeating rows ----------

const rowsOf = (list) => [...list.querySelectorAll(":scope > [data-row]")];

function changed(list) {
  list.closest("[data-question]")?.querySelector(CONTROLS)?.dispatchEvent(new Event("change", { bubbles: true }));
}

// A row is named "budget.3": its copy gets the next number wherever the name stands.
function addRow(list) {
  const rows = rowsOf(list);
  const last = rows.at(-1);
  if (!last) return null;
  const [, stem, number] = last.dataset.row.match(/^(.*[.-])(\d+)$/) ?? [];
  if (!stem) return null;
  const from = stem + number;
  const to = stem + (Number(number) + 1);
  const row = last.cloneNode(true);
  for (const part of [row, ...row.querySelectorAll("*")]) {
    for (const { name, value } of [...part.attributes]) {
      const own = value.split(" ").map((word) => (word === from || /^[.-]/.test(word.slice(from.length)) && word.startsWith(from) ? to + word.slice(from.length) : word)).join(" ");
      if (own !== value) part.setAttribute(name, own);
    }
  }
  const question = list.closest("[data-question]")?.dataset.question;
  for (const control of row.querySelectorAll("input, select, textarea")) {
    if (control.id === question) renameFirst(row, control, to);
    if (control.type === "checkbox" || control.type === "radio") control.checked = false;
    else if (control.tagName === "SELECT") control.selectedIndex = 0;
    else control.value = "";
    control.removeAttribute("aria-invalid");
  }
  const shown = row.querySelector("[data-row-number]");
  if (shown) shown.textContent = figure(rows.length + 1);
  for (const id of row.querySelectorAll("[data-row-id]")) id.textContent = "";
  const remove = row.querySelector("[data-remove]");
  const words = remove?.getAttribute("aria-label");
  if (words) remove.setAttribute("aria-label", words.replace(/[\p{Nd}]+/u, figure(rows.length + 1)));
  last.after(row);
  return row;
}

// The first control of a question carries the id that error summaries link to; a copy must not.
function renameFirst(row, control, to) {
  const label = row.querySelector(`label[for="${CSS.escape(control.id)}"]`);
  control.id = `${to}.first`;
  label?.setAttribute("for", control.id);
}

function removeRow(list, row) {
  const rows = rowsOf(list);
  const next = rows[rows.indexOf(row) + 1] ?? rows[rows.indexOf(row) - 1];
  if (rows.length === 1) addRow(list);
  row.remove();
  rowsOf(list).forEach((each, index) => {
    const shown = each.querySelector("[data-row-number]");
    if (shown) shown.textContent = figure(index + 1);
  });
  (next?.isConnected ? next : rowsOf(list)[0])?.querySelector(CONTROLS)?.focus();
  changed(list);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-more], [data-remove]");
  const wrap = button?.closest("[data-question]");
  if (!wrap) return;
  if (button.dataset.more) {
    const list = wrap.querySelector(`[data-rows="${CSS.escape(button.dataset.more)}"]`);
    const row = list && addRow(list);
    if (!row) return;
    event.preventDefault();
    row.querySelector(CONTROLS)?.focus();
    return;
  }
  const row = button.closest("[data-row]");
  const list = row?.closest("[data-rows]");
  if (!list) return;
  event.preventDefault();
  removeRow(list, row);
});

// ---------- conditions ----------

function given(form, code) {
  const values = [];
  for (const control of form.elements) {
    if (control.name !== code) continue;
    if (["checkbox", "radio"].includes(control.type) && !control.checked) continue;
    values.push(control.value);
  }
  return values;
}

function ask(form) {
  for (const marker of form.querySelectorAll("[data-show-if]")) {
    if (![...form.elements].some((control) => control.name === marker.dataset.showIf)) continue; // asked on another page
    const wanted = marker.dataset.showWhen.split("|");
    const values = given(form, marker.dataset.showIf);
    const isAsked = (values.length ? values : ["no"]).some((value) => wanted.includes(value));
    marker.closest("[data-question]").hidden = !isAsked;
  }
}

for (const form of new Set([...document.querySelectorAll("[data-show-if]")].map((marker) => marker.form))) {
  if (!form) continue;
  ask(form);
  form.addEventListener("change", () => ask(form));
}

// ---------- after an autosave ----------

function icon(path) {
  const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [name, value] of [["class", "icon"], ["viewBox", "0 0 16 16"], ["aria-hidden", "true"]]) drawing.setAttribute(name, value);
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", path);
  drawing.append(line);
  return drawing;
}

function say(wrap, told) {
  for (const [name, text] of Object.entries(told.sums ?? {})) {
    const place = wrap.querySelector(`[data-sum="${CSS.escape(name)}"]`);
    if (place) place.textContent = text;
  }
  const list = wrap.querySelector("[data-checks]");
  if (!list || !told.checks) return;
  const looks = { met: ["", TICK], broken: ["is-bad", WARN], open: ["is-open", CLOCK] };
  list.replaceChildren(...told.checks.map((check) => {
    const [cls, path] = looks[check.state] ?? looks.open;
    return make("li", { "data-rule": check.code, class: cls || undefined }, icon(path), make("span", {}, check.text));
  }));
}

document.addEventListener("autosaved", (event) => {
  const { live = {} } = event.detail ?? {};
  for (const [code, told] of Object.entries(live)) {
    const wrap = document.querySelector(`[data-question="${CSS.escape(code)}"]`);
    if (wrap) say(wrap, told);
  }
});
