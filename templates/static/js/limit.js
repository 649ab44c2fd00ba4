// Live count of words or characters. Three voices: a number for the eye, a description read once on focus (written
// by the server), and one polite sentence a second after typing stops, only near or over the limit.
import { figure } from "./saved.js";

// The server's rule, spelt alike: runs of characters between white space that hold at least one letter or digit.
// The class is Unicode White_Space; \s would differ from it.
const RUN = /[^\t\n\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/gu;
const LETTER_OR_DIGIT = /[\p{L}\p{N}]/u;

export function countWords(text) {
  return (text.match(RUN) ?? []).filter((run) => LETTER_OR_DIGIT.test(run)).length;
}

// As the server counts: code points of the composed form, without blanks at both ends.
export function countCharacters(text) {
  return [...text.normalize("NFC").trim()].length;
}

const later = new WeakMap();

function count(box, isTyped) {
  const place = document.getElementById(box.dataset.count);
  if (!place) return;
  const most = Number(box.dataset.limit);
  const used = box.dataset.unit === "characters" ? countCharacters(box.value) : countWords(box.value);
  const number = place.querySelector("b");
  if (number) number.textContent = figure(used);
  place.closest(".limit")?.classList.toggle("is-over", used > most);
  draw(document.getElementById(box.dataset.bar), used, most);
  clearTimeout(later.get(box));
  const voice = document.getElementById(box.dataset.voice);
  if (!isTyped || !voice) return;
  if (used > most * 0.9) later.set(box, setTimeout(() => { voice.textContent = place.innerText; }, 1000));
  else voice.textContent = "";
}

function draw(fill, used, most) {
  if (!fill || !most) return;
  const share = Math.min(100, Math.round((1000 * used) / most) / 10);
  fill.setAttribute("width", share + "%");
  if (document.documentElement.dir === "rtl") fill.setAttribute("x", 100 - share + "%"); // SVG knows no start
  fill.closest("svg")?.classList.toggle("is-bad", used > most);
}

const limited = (event) => (event.target instanceof Element && event.target.matches("[data-limit]") ? event.target : null);

document.addEventListener("input", (event) => {
  const box = limited(event);
  if (box) count(box, true);
});
// Sent by autosave when it has put another text into the control; it does not bubble.
document.addEventListener("recount", (event) => {
  const box = limited(event);
  if (box) count(box, false);
}, true);
for (const box of document.querySelectorAll("[data-limit]")) count(box, false);
