// The widget for files: choose, drop or paste; each goes on its way at once, and every step has words.
// Without it the plain input and its button send files through the form.
import { forget, isSame, printOf, remember, remembered } from "./remembered.js";
import { locale, make, word } from "./saved.js";
import { ask, Refused, Sending, sha256 } from "./sending.js";

const ANNOUNCED = 25; // per cent

class Widget {
  constructor(drop) {
    this.drop = drop;
    this.input = drop.querySelector("input[type=file]");
    this.list = drop.parentElement.querySelector("ul.files");
    this.path = drop.dataset.uploads;
    this.question = drop.dataset.slot;
    this.csrf = drop.closest("form").querySelector("[name=_csrf_token]").value;
    this.line = Promise.resolve(); // one file after the other
    this.going = new Set();
    this.left = []; // uploads of before, waiting for their file
    this.percent = new Intl.NumberFormat(locale, { style: "percent" });
    this.decimal = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
    drop.querySelector("button").remove();
    drop.append(make("p", { class: "hint" }, word(drop, "how")));
    this.voice = drop.appendChild(make("p", { class: "hidden", "aria-live": "polite" }));
    this.input.addEventListener("change", () => this.take([...this.input.files]));
    for (const name of ["dragover", "dragenter"]) drop.addEventListener(name, (event) => this.over(event, true));
    for (const name of ["dragleave", "drop"]) drop.addEventListener(name, (event) => this.over(event, false));
    drop.addEventListener("drop", (event) => this.take([...event.dataTransfer.files]));
    drop.addEventListener("paste", (event) => this.take([...event.clipboardData.files]));
    addEventListener("beforeunload", (event) => this.going.size && event.preventDefault());
    this.whatWasLeft();
  }

  over(event, isOver) {
    event.preventDefault();
    this.drop.classList.toggle("is-over", isOver);
  }

  say(name, values = {}) {
    return word(this.drop, name, values);
  }

  announce(text) {
    this.voice.textContent = text;
  }

  size(bytes) {
    return bytes < 1e6
      ? this.say("kilobytes", { n: this.decimal.format(Math.max(1, Math.round(bytes / 1000))) })
      : this.say("megabytes", { n: this.decimal.format(bytes / 1e6) });
  }

  time(seconds) {
    return seconds < 90
      ? this.say("seconds", { n: this.decimal.format(Math.max(1, Math.round(seconds))) })
      : this.say("minutes", { n: this.decimal.format(Math.round(seconds / 60)) });
  }

  // ---------- lines of the list ----------

  row(name, bytes) {
    const li = this.list.appendChild(make("li"));
    const title = make("span", { class: "name" }, make("bdi", { dir: "auto" }, name), " ", make("span", { class: "size" }, this.size(bytes)));
    const bar = make("progress", { max: 100, value: 0, "aria-label": name });
    const row = { li, name, bar, act: make("span", { class: "do" }), what: make("span", { class: "what" }), told: 0 };
    li.append(title, row.act, row.bar, row.what);
    return row;
  }

  show(row, text, buttons = {}, className = "") {
    row.li.className = className;
    if (row.what.textContent !== text) row.what.textContent = text;
    const wanted = Object.keys(buttons).join();
    if (row.buttons === wanted) return;
    row.buttons = wanted;
    row.act.replaceChildren(
      ...Object.entries(buttons).map(([name, act]) => {
        const button = make("button", { type: "button", class: "is-plain" }, this.say(name), make("span", { class: "hidden" }, ` ${row.name}`));
        button.addEventListener("click", act);
        return button;
      }),
    );
  }

  // ---------- files ----------

  take(files) {
    this.input.value = "";
    for (const file of files) {
      const waiting = this.left.find((one) => one.upload.name === file.name || one.upload.size === file.size);
      if (waiting) this.goOn(waiting, file);
      else this.start(file);
    }
  }

  async start(file, once = crypto.randomUUID()) {
    const row = this.row(file.name, file.size);
    this.going.add(row);
    this.show(row, this.say("preparing"));
    try {
      const body = { question: this.question, name: file.name, size: file.size, once };
      const upload = await this.begun(row, body);
      await remember({ id: upload.id, ...(await printOf(file, sha256)) });
      this.send(row, file, upload);
    } catch (error) {
      this.going.delete(row);
      row.bar.remove();
      const sentence = error instanceof Refused ? error.message : this.say("unreadable");
      const again = error instanceof Refused ? {} : { retry: () => (row.li.remove(), this.start(file, once)) };
      this.show(row, sentence, { ...again, dismiss: () => row.li.remove() }, "is-refused");
      this.announce(`${file.name}: ${sentence}`);
    }
  }

  // The same mark gives the same upload, so that a lost answer is asked for again.
  async begun(row, body) {
    for (let tries = 1; ; tries++) {
      try {
        return await ask("POST", this.path, this.csrf, body);
      } catch (error) {
        if (error instanceof Refused || tries === 8) throw error;
        this.show(row, this.say(navigator.onLine ? "waiting" : "offline"));
        await new Promise((done) => setTimeout(done, Math.min(16, 2 ** (tries - 1)) * 1000));
      }
    }
  }

  send(row, file, upload) {
    const sending = new Sending(file, this.path, this.csrf, (event, values) => this.hears(row, sending, event, values));
    row.run = () => {
      this.going.add(row);
      row.told = 0;
      this.show(row, this.say("queued"), { cancel: () => this.cancel(row, sending) });
      this.line = this.line.then(() => (sending.isOver ? undefined : sending.run(sending.upload ?? upload)));
    };
    row.run();
  }

  async cancel(row, sending) {
    this.going.delete(row);
    row.li.remove();
    await sending.cancel();
    await forget(sending.upload?.id);
    this.announce(this.say("cancelled", { name: row.name }));
    this.input.focus();
  }

  hears(row, sending, event, values = {}) {
    const cancel = () => this.cancel(row, sending);
    const pause = () => sending.pause();
    const percent = this.percent.format(Math.floor(100 * sending.share) / 100);
    row.bar.value = Math.floor(100 * sending.share);
    if (event === "progress") {
      const text =
        values.left === null
          ? this.say("sending", { percent })
          : this.say("sending-fast", { percent, speed: this.size(values.speed), left: this.time(values.left) });
      this.show(row, text, { pause, cancel });
      const step = Math.floor((100 * sending.share) / ANNOUNCED);
      if (step > row.told) this.announce(this.say("told", { name: row.name, percent }));
      row.told = Math.max(row.told, step);
    } else if (event === "done") this.done(row, values);
    else if (event === "refused" || event === "unreadable") {
      this.going.delete(row);
      const sentence = values.sentence || this.say("unreadable");
      this.show(row, sentence, { retry: row.run, cancel }, "is-refused");
      this.announce(`${row.name}: ${sentence}`);
    } else {
      const isStill = ["paused", "stopped", "elsewhere"].includes(event);
      if (isStill) this.going.delete(row);
      this.show(row, this.say(event, { percent }), isStill ? { resume: row.run, cancel } : { pause, cancel }, isStill ? "is-paused" : "");
      if (event !== "waiting") this.announce(`${row.name}: ${this.say(event, { percent })}`);
    }
  }

  async done(row, upload) {
    this.going.delete(row);
    await forget(upload.id);
    if (["expired", "aborted"].includes(upload.state)) {
      row.bar.remove();
      return this.show(row, this.say("ended"), { dismiss: () => row.li.remove() }, "is-refused");
    }
    const made = new DOMParser().parseFromString(upload.html ?? "", "text/html").querySelector("li");
    if (made) {
      row.li.replaceWith(made);
      row.li = made;
    }
    this.announce(upload.refused ?? this.say(["stored", "scanning"].includes(upload.state) ? "arrived" : "stored", { name: row.name }));
    if (["stored", "scanning"].includes(upload.state)) this.watch(row, upload.id);
  }

  // A large file is checked in the background; the line says so until the verdict is there.
  async watch(row, id) {
    for (let turn = 0; turn < 60; turn++) {
      await new Promise((done) => setTimeout(done, Math.min(30, 2 + turn) * 1000));
      const upload = await ask("GET", `${this.path}/${id}`, this.csrf).catch(() => null);
      if (upload && !["stored", "scanning"].includes(upload.state)) return this.done(row, upload);
    }
  }

  // ---------- after a reload ----------

  async whatWasLeft() {
    const found = await ask("GET", this.path, this.csrf).catch(() => ({ items: [] }));
    for (const upload of found.items.filter((one) => one.question === this.question)) {
      const row = this.row(upload.name, upload.size);
      const one = { row, upload };
      this.left.push(one);
      const held = upload.held.reduce((sum, part) => sum + part.size, 0);
      row.bar.value = Math.floor((100 * held) / upload.size);
      const percent = this.percent.format(Math.floor((100 * held) / upload.size) / 100);
      const choose = () => this.input.click();
      const cancel = async () => {
        this.left.splice(this.left.indexOf(one), 1);
        row.li.remove();
        await ask("DELETE", `${this.path}/${upload.id}`, this.csrf).catch(() => {});
        await forget(upload.id);
      };
      one.cancel = cancel;
      this.show(row, this.say("left", { percent }), { choose, cancel }, "is-paused");
    }
  }

  async goOn(waiting, file) {
    const { row, upload } = waiting;
    const print = await printOf(file, sha256);
    const known = await remembered(upload.id);
    if (file.size !== upload.size || (known && !isSame(known, print))) {
      const other = this.say("other", { name: upload.name });
      const buttons = { choose: () => this.input.click(), cancel: waiting.cancel };
      this.show(row, other, buttons, "is-paused");
      return this.announce(other);
    }
    this.left.splice(this.left.indexOf(waiting), 1);
    this.send(row, file, upload);
  }
}

if (window.isSecureContext && window.Worker && window.indexedDB) {
  for (const drop of document.querySelectorAll("[data-drop][data-uploads]")) new Widget(drop);
}
