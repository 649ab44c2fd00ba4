// The account menu closes on Escape and on a press outside. Signing out with text that has not reached the
// server first says so, with a way back to it; the second press signs out. Focus goes to the summary of errors.
import { drafts, forget } from "./saved.js";

const menus = [...document.querySelectorAll("details.account")];
addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of menus.filter((m) => m.open)) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
addEventListener("click", (event) => {
  for (const menu of menus) if (!menu.contains(event.target)) menu.open = false;
});

for (const form of document.querySelectorAll("form[data-sign-out]")) {
  form.addEventListener("submit", (event) => {
    const waiting = drafts(form.dataset.signOut).filter((draft) => draft.pieces.some((piece) => !piece.sent));
    if (!waiting.length || form.dataset.said) {
      forget(form.dataset.signOut);
      return;
    }
    event.preventDefault();
    form.dataset.said = "yes";
    const words = document.createElement("p");
    words.setAttribute("role", "alert");
    words.append(form.dataset.wordUnsaved, " ");
    const link = document.createElement("a");
    link.href = waiting[0].page;
    link.textContent = form.dataset.wordGo;
    words.append(link);
    form.prepend(words);
  });
}

document.querySelector(".errors[data-focus]")?.focus();

// On a phone the rooms of a call stand in one long row: it is scrolled to the present one.
const rooms = document.querySelector(".rooms");
const present = rooms?.querySelector("[aria-current]");
if (present && rooms.scrollWidth > rooms.clientWidth) {
  const [outer, inner] = [rooms.getBoundingClientRect(), present.getBoundingClientRect()];
  rooms.scrollLeft += inner.left + inner.width / 2 - (outer.left + outer.width / 2);
}
