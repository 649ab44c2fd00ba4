// Keeps the number in the bulk bar true while boxes are ticked, and lets the head box tick them all.
// Without it the confirm page tells the number.
const lang = document.documentElement.lang;
const figures = new Intl.NumberFormat(lang === "ar" ? "ar-u-nu-arab" : lang);

for (const form of document.querySelectorAll("form[data-selection]")) {
  const place = form.querySelector("[data-picked]");
  const head = form.querySelector("[data-pick-all]");
  const boxes = [...form.querySelectorAll("tbody .pick [type=checkbox]")];
  const tell = () => {
    const picked = boxes.filter((box) => box.checked).length;
    for (const box of boxes) box.closest("tr").classList.toggle("is-picked", box.checked);
    if (place) place.textContent = figures.format(picked);
    if (head) {
      head.checked = picked > 0 && picked === boxes.length;
      head.indeterminate = picked > 0 && picked < boxes.length;
    }
  };
  form.addEventListener("change", (event) => {
    if (event.target === head) for (const box of boxes) box.checked = head.checked;
    tell();
  });
  addEventListener("pageshow", tell);
  tell();
}
