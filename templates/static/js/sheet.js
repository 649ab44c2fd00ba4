// The score sheet: a chosen score is saved at once, the total follows what the server counted, and keys score.
const form = document.querySelector("form.sheet[data-autosave]");

if (form) {
  form.addEventListener("change", (event) => {
    if (event.target.type === "radio") form.autosave?.soon(0);
  });
  form.addEventListener("autosaved", (event) => {
    for (const name of ["done", "total"]) {
      const place = form.querySelector(`[data-${name}]`);
      if (place && event.detail[name]) place.textContent = event.detail[name];
    }
  });
  keys();
}

// Single keys act only outside fields one types into, and can be turned off for good.
function keys() {
  const line = form.querySelector("[data-keys]");
  const switched = form.querySelector("[data-keys-off]");
  if (!line || !switched) return;
  line.hidden = false;
  const isOff = () => localStorage.getItem("score-keys") === "off";
  const name = () => { switched.textContent = isOff() ? switched.dataset.on : switched.dataset.off; };
  switched.addEventListener("click", () => {
    localStorage.setItem("score-keys", isOff() ? "on" : "off");
    name();
  });
  name();
  const criteria = [...form.querySelectorAll("fieldset.criterion[data-criterion]")].filter((one) => one.querySelector(".ruler"));
  const rulers = (one) => [...one.querySelectorAll(".ruler input")];
  const chosen = (one) => rulers(one).find((input) => input.checked);
  const current = () => criteria.find((one) => one.contains(document.activeElement)) ?? criteria.find((one) => !one.querySelector("input:checked")) ?? criteria[0];
  const go = (one) => {
    (chosen(one) ?? rulers(one)[0])?.focus({ preventScroll: true });
    one.scrollIntoView({ block: "nearest" });
  };
  const pick = (input) => {
    input.checked = true;
    input.focus({ preventScroll: true });
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };
  document.addEventListener("keydown", (event) => {
    if (isOff() || event.ctrlKey || event.metaKey || event.altKey || !criteria.length) return;
    if (event.target.closest("textarea, select, input:not([type=radio])")) return;
    const one = current();
    if (/^[0-9]$/.test(event.key)) {
      const input = rulers(one).find((each) => each.value === event.key);
      if (!input) return;
      pick(input);
    } else if (event.key === ".") {
      const half = rulers(one).find((each) => each.value === String(Number(chosen(one)?.value) + 0.5));
      if (half) pick(half);
    } else if (event.key === "n" || event.key === "p") {
      const next = criteria[criteria.indexOf(one) + (event.key === "n" ? 1 : -1)];
      if (next) go(next);
    } else return;
    event.preventDefault();
  });
}
