// What autosave shows and keeps: the state line with its words, and drafts in this browser until they are saved.
const KEY = "challenge.draft.";
const TICK = "M2.5 8.5 6 12l7.5-8";
const WARN = "M8 2 1.5 13.5h13z M8 6.5v3.2 M8 11.6v.1";
const lang = document.documentElement.lang;
export const locale = lang === "ar" ? "ar-u-nu-arab" : lang;

// ---------- words ----------

export function clockTime(moment, zone) {
  const when = moment instanceof Date ? moment : new Date(moment);
  if (Number.isNaN(when.getTime())) return String(moment);
  const shape = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  try {
    return new Intl.DateTimeFormat(locale, zone ? { ...shape, timeZone: zone } : shape).format(when);
  } catch {
    return new Intl.DateTimeFormat(locale, shape).format(when);
  }
}

export function figure(number) {
  return new Intl.NumberFormat(locale).format(number);
}

// A sentence of the form's data-word-* attributes with its places filled.
export function word(form, name, values = {}) {
  const key = "word" + name.replace(/(^|-)([a-z])/g, (_, __, letter) => letter.toUpperCase());
  return (form.dataset[key] ?? "").replace(/\{(\w+)\}/g, (whole, place) => values[place] ?? whole);
}

export function make(tag, attributes = {}, ...inside) {
  const thing = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) thing.setAttribute(name, value);
  thing.append(...inside);
  return thing;
}

function icon(path) {
  const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  drawing.setAttribute("class", "icon");
  drawing.setAttribute("viewBox", "0 0 16 16");
  drawing.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", path);
  drawing.append(line);
  return drawing;
}

// The state line: tick and words when saved, sign and words when not, words alone while saving.
export function tell(line, state, sentence, link) {
  const text = line.querySelector("[data-state-text]");
  if (!text) return;
  line.querySelector(":scope > .icon")?.remove();
  line.classList.toggle("is-failed", state === "failed");
  if (state === "saved") line.prepend(icon(TICK));
  if (state === "failed") line.prepend(icon(WARN));
  const said = link ? [sentence + " ", make("a", { href: link.href, target: "_blank", rel: "noopener" }, link.text)] : [sentence];
  if (text.textContent !== said.map((part) => part.textContent ?? part).join("")) text.replaceChildren(...said);
}

// ---------- drafts ----------
// One entry a form: {page, pieces: [{code, version, at, sent, fields: [[name, value], ...]}]}

function storage() {
  try {
    return window.localStorage;
  } catch {
    return null; // a private window, or storage refused: saving works, only the safety net is missing
  }
}

export function draft(key) {
  try {
    const kept = JSON.parse(storage()?.getItem(KEY + key) ?? "null");
    return kept && Array.isArray(kept.pieces) ? kept : { page: location.pathname, pieces: [] };
  } catch {
    return { page: location.pathname, pieces: [] };
  }
}

export function keepDraft(key, kept) {
  try {
    if (kept.pieces.length) storage()?.setItem(KEY + key, JSON.stringify(kept));
    else storage()?.removeItem(KEY + key);
  } catch {
    // full: the text is still in the window, and leaving it warns
  }
}

// All drafts of one person: keys begin with the person's id.
export function drafts(person) {
  const store = storage();
  if (!store || !person) return [];
  return Object.keys(store)
    .filter((key) => key.startsWith(KEY + person + ":"))
    .map((key) => draft(key.slice(KEY.length)));
}

export function forget(person) {
  const store = storage();
  if (!store || !person) return;
  for (const key of Object.keys(store)) if (key.startsWith(KEY + person + ":")) store.removeItem(key);
}
