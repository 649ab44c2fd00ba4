// Saves what changes in form[data-autosave] while people type. Without it "Save and continue" saves.
// A text is never lost: it stays in the window and in this browser until the server has said that it is stored;
// when two windows wrote the same answer, a person chooses. Every sentence stands in the form's data-word-*.
import { clash } from "./clash.js";
import { clockTime, draft, figure, keepDraft, make, tell, word } from "./saved.js";

const PAUSE = 1200;
const TRIES = [1, 2, 4, 8, 16, 30]; // seconds
const WRAP = "[data-question], [data-criterion]";

const codeOf = (wrap) => wrap.dataset.question ?? wrap.dataset.criterion;

class Autosave {
  constructor(form) {
    this.form = form;
    this.key = form.dataset.draftKey ?? "";
    this.dirty = new Set(); // codes whose text has not reached the server
    this.paused = new Set(); // codes that wait for a choice
    this.marks = new Map(); // code -> counter, to see changes made while a request was under way
    this.tries = 0;
    this.savedAt = null;
    this.isSending = false;
    this.isRefused = false;
    this.waitsForPerson = false;
    this.submitting = false;
    form.addEventListener("input", (event) => this.changed(event.target));
    form.addEventListener("change", (event) => (!event.isTrusted || event.target.matches("select, [type=checkbox], [type=radio], [type=date], [type=datetime-local]")) && this.changed(event.target));
    form.addEventListener("focusout", () => this.soon(0));
    form.addEventListener("submit", (event) => this.submitted(event));
    addEventListener("beforeunload", (event) => this.leaving(event));
    addEventListener("pagehide", () => this.flush());
    addEventListener("pageshow", (event) => event.persisted && this.dirty.size && location.reload());
    addEventListener("online", () => this.again());
    addEventListener("focus", () => this.again());
    document.addEventListener("visibilitychange", () => (document.hidden ? this.soon(0) : this.again()));
    this.restore();
  }

  // ---------- the fields ----------

  wraps() {
    return [...this.form.querySelectorAll(WRAP)];
  }

  wrap(code) {
    return this.wraps().find((wrap) => codeOf(wrap) === code);
  }

  controls(wrap) {
    return [...this.form.elements].filter(
      (control) =>
        control.name && !control.disabled && control.closest(WRAP) === wrap && !/^(_|version:)/.test(control.name) && !control.name.startsWith("version:") &&
        !["file", "password", "submit", "button", "image", "reset", "fieldset"].includes(control.type),
    );
  }

  fields(wrap) {
    const pairs = [];
    for (const control of this.controls(wrap)) {
      if (["checkbox", "radio"].includes(control.type) && !control.checked) continue;
      if (control.type === "select-multiple") {
        for (const option of control.selectedOptions) pairs.push([control.name, option.value]);
      } else pairs.push([control.name, control.value]);
    }
    return pairs;
  }

  setVersion(wrap, version) {
    wrap.dataset.version = version;
    const name = "version:" + codeOf(wrap);
    for (const field of this.form.elements) if (field.name === name) field.value = version;
  }

  // Puts pairs back into the controls; returns the pairs that found no place.
  fill(wrap, pairs) {
    const left = pairs.map((pair) => [...pair]);
    const take = (name, fits = () => true) => {
      const at = left.findIndex(([own, value]) => own === name && fits(value));
      return at < 0 ? undefined : left.splice(at, 1)[0][1];
    };
    for (const control of this.controls(wrap)) {
      if (["checkbox", "radio"].includes(control.type)) control.checked = take(control.name, (v) => v === control.value) !== undefined;
      else if (control.type === "select-multiple") {
        for (const option of control.options) option.selected = take(control.name, (v) => v === option.value) !== undefined;
      } else if (pairs.some(([name]) => name === control.name)) control.value = take(control.name) ?? control.value;
    }
    for (const control of this.controls(wrap)) {
      if (control.dataset.limit) control.dispatchEvent(new CustomEvent("recount"));
    }
    return left;
  }

  // ---------- drafts in this browser ----------

  remember(code) {
    if (!this.key) return;
    const kept = draft(this.key);
    const wrap = this.wrap(code);
    kept.page = location.pathname + location.search;
    kept.pieces = kept.pieces.filter((piece) => piece.code !== code);
    kept.pieces.push({ code, version: wrap.dataset.version, at: new Date().toISOString(), sent: false, fields: this.fields(wrap) });
    keepDraft(this.key, kept);
  }

  drop(code) {
    if (!this.key) return;
    const kept = draft(this.key);
    kept.pieces = kept.pieces.filter((piece) => piece.code !== code);
    keepDraft(this.key, kept);
  }

  restore() {
    if (!this.key) return;
    for (const piece of draft(this.key).pieces) {
      const wrap = this.wrap(piece.code);
      if (!wrap) continue; // another page of the same form
      const isSame = JSON.stringify(this.fields(wrap)) === JSON.stringify(piece.fields);
      const isNewer = Number(wrap.dataset.version) > Number(piece.version);
      if (isNewer && (isSame || piece.sent)) {
        this.drop(piece.code);
        continue;
      }
      const time = clockTime(piece.at, this.form.dataset.zone);
      const homeless = isSame ? [] : this.fill(wrap, piece.fields);
      if (homeless.length) {
        this.showHomeless(wrap, piece, time, homeless);
        continue;
      }
      if (!isSame) this.notice(wrap, word(this.form, "restored", { time }));
      this.setVersion(wrap, piece.version); // if somebody saved since, the server answers with both texts
      this.mark(piece.code);
      this.soon(0);
    }
  }

  showHomeless(wrap, piece, time, pairs) {
    const text = make("textarea", { readonly: "", rows: "5", dir: "auto", "aria-label": word(this.form, "homeless", { time }) });
    text.value = pairs.map(([, value]) => value).join("\n");
    const done = make("button", { type: "button" }, word(this.form, "discard"));
    const box = this.notice(wrap, word(this.form, "homeless", { time }), text, done);
    box.classList.add("kept");
    done.addEventListener("click", () => {
      this.drop(piece.code);
      box.remove();
    });
  }

  notice(wrap, sentence, ...more) {
    const box = make("div", { class: "flash is-wait", role: "status" }, make("p", {}, sentence), ...more);
    wrap.before(box);
    return box;
  }

  // ---------- when to save ----------

  changed(control) {
    const wrap = control.closest?.(WRAP);
    if (!wrap || !this.form.contains(wrap) || !this.controls(wrap).includes(control)) return;
    const code = codeOf(wrap);
    this.mark(code);
    this.remember(code);
    this.isRefused = false;
    if (!this.paused.has(code)) this.soon(PAUSE);
  }

  mark(code) {
    this.dirty.add(code);
    this.marks.set(code, (this.marks.get(code) ?? 0) + 1);
  }

  ready() {
    return [...this.dirty].filter((code) => !this.paused.has(code) && this.wrap(code));
  }

  soon(wait) {
    if (!this.ready().length || this.isRefused || this.waitsForPerson) return;
    if (wait === 0 && this.tries) return; // the next try is already set
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), wait);
  }

  // Back in the window, back online, signed in again: try at once.
  again() {
    if (!this.ready().length || this.isSending || this.submitting || this.isRefused) return;
    if (!this.tries && !this.waitsForPerson) return;
    clearTimeout(this.timer);
    this.save();
  }

  // The page is going away: one last request that may outlive it.
  flush() {
    const codes = this.ready();
    if (!codes.length || this.isSending || this.submitting || this.waitsForPerson || this.isRefused) return;
    fetch(this.form.dataset.autosave, { ...this.request(codes), keepalive: true }).catch(() => {});
  }

  leaving(event) {
    if (this.submitting || !this.dirty.size) return;
    event.preventDefault();
    event.returnValue = "";
  }

  // A request under way ends first, so that the form carries the versions it made.
  submitted(event) {
    if (this.isSending) {
      event.preventDefault();
      this.form.addEventListener("autosave-done", () => this.form.requestSubmit(event.submitter), { once: true });
      return;
    }
    this.submitting = true;
    clearTimeout(this.timer);
    setTimeout(() => { this.submitting = false; }, 15000); // the answer never came: guard the text again
    if (!this.key) return;
    const kept = draft(this.key);
    for (const piece of kept.pieces) if (this.wrap(piece.code)) piece.sent = true;
    keepDraft(this.key, kept);
  }

  // ---------- saving ----------

  token() {
    return this.form.querySelector("[name=_csrf_token]")?.value ?? "";
  }

  request(codes) {
    const body = new URLSearchParams();
    for (const code of codes) {
      const wrap = this.wrap(code);
      for (const [name, value] of this.fields(wrap)) body.append(name, value);
      body.append("version:" + code, wrap.dataset.version ?? "0");
    }
    return {
      method: "POST",
      body,
      headers: { "X-CSRFToken": this.token(), Accept: "application/json" },
      credentials: "same-origin",
      redirect: "manual",
    };
  }

  async save() {
    if (this.isSending || this.submitting) return;
    const codes = this.ready();
    if (!codes.length) return;
    if (this.waitsForPerson && !(await this.isBack())) return;
    this.isSending = true;
    const sent = new Map(codes.map((code) => [code, this.marks.get(code)]));
    this.say(codes, "saving", word(this.form, "saving"));
    let reply;
    try {
      reply = await fetch(this.form.dataset.autosave, { ...this.request(codes), signal: AbortSignal.timeout(30000) });
    } catch {
      reply = null;
    }
    try {
      await this.understood(codes, sent, reply);
    } finally {
      this.isSending = false;
      this.form.dispatchEvent(new CustomEvent("autosave-done"));
      if (!this.tries && !this.waitsForPerson) this.soon(PAUSE);
    }
  }

  async understood(codes, sent, reply) {
    if (reply === null || reply.status === 429 || reply.status >= 500) return this.later(codes, reply);
    if (reply.type === "opaqueredirect" || reply.status === 401) return this.ended(codes);
    const told = await reply.json().catch(() => ({}));
    if (reply.ok || told.clash) {
      this.tries = 0;
      this.isStale = false;
      this.stored(codes.filter((code) => !(code in (told.clash ?? {}))), sent, told, reply.ok);
      for (const [code, two] of Object.entries(told.clash ?? {})) this.ask(code, two);
      return undefined;
    }
    if (reply.status === 403 && !this.isStale) {
      this.isStale = true; // perhaps only the token is old: signed in anew in another tab
      return this.ended(codes);
    }
    this.tries = 0;
    this.isRefused = true;
    const reason = told.detail ?? told.title;
    this.say(codes, "failed", reason ? word(this.form, "refused", { reason }) : word(this.form, "refused-plain"));
    return undefined;
  }

  stored(codes, sent, told, isWhole) {
    const versions = told.versions ?? {};
    const stored = codes.filter((code) => isWhole || code in versions);
    if (!stored.length) return;
    this.savedAt = told.saved_at ?? new Date().toISOString();
    const time = clockTime(this.savedAt, this.form.dataset.zone);
    for (const code of stored) {
      const wrap = this.wrap(code);
      if (code in versions) this.setVersion(wrap, versions[code]);
      if (this.marks.get(code) === sent.get(code)) {
        this.dirty.delete(code);
        this.drop(code);
      } else this.remember(code); // typed on meanwhile: the rest follows
      const version = versions[code];
      this.say([code], "saved", version && wrap.dataset.question
        ? word(this.form, "saved-version", { time, version: figure(version) })
        : word(this.form, "saved", { time }));
    }
    this.form.dispatchEvent(new CustomEvent("autosaved", { bubbles: true, detail: told }));
  }

  later(codes, reply) {
    const asked = Number(reply?.headers.get("Retry-After"));
    const wait = asked > 0 ? Math.min(asked, 120) : TRIES[Math.min(this.tries, TRIES.length - 1)];
    this.tries += 1;
    const time = this.savedAt && clockTime(this.savedAt, this.form.dataset.zone);
    this.say(codes, "failed", time ? word(this.form, "failed", { time }) : word(this.form, "failed-first"));
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), wait * 1000);
  }

  // ---------- the session has ended ----------

  ended(codes) {
    this.waitsForPerson = true;
    clearTimeout(this.timer);
    const link = { href: this.form.dataset.signIn ?? "/sign-in", text: word(this.form, "session-link") };
    this.say(codes, "failed", word(this.form, "session"), link);
    if (this.isStale) this.timer = setTimeout(() => this.save(), 0);
  }

  // Reads this page anew: is the same person signed in, and what is the token now?
  async isBack() {
    const reply = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" }).catch(() => null);
    if (!reply?.ok) return false;
    const seen = new DOMParser().parseFromString(await reply.text(), "text/html");
    const form = [...seen.querySelectorAll("form[data-autosave]")].find((f) => f.dataset.autosave === this.form.dataset.autosave);
    const token = form?.querySelector("[name=_csrf_token]")?.value;
    if (!token) return false;
    if (form.dataset.draftKey !== this.form.dataset.draftKey) {
      this.say(this.ready(), "failed", word(this.form, "other"));
      return false;
    }
    for (const field of document.querySelectorAll("[name=_csrf_token]")) field.value = token;
    this.waitsForPerson = false;
    return true;
  }

  // ---------- two windows ----------

  ask(code, two) {
    const wrap = this.wrap(code);
    this.paused.add(code);
    this.remember(code);
    this.say([code], "failed", word(this.form, "waits"));
    const texts = this.controls(wrap).filter((control) => !["checkbox", "radio"].includes(control.type));
    const single = texts.length === 1 && typeof two.theirs === "string" ? texts[0] : null;
    clash(this.form, wrap, code, two, single, (choice) => this.chosen(code, two, single, choice));
  }

  chosen(code, two, single, choice) {
    const wrap = this.wrap(code);
    this.paused.delete(code);
    this.setVersion(wrap, two.version);
    if (choice === "theirs") {
      if (!this.take(wrap, two.theirs, single)) {
        this.dirty.delete(code);
        this.drop(code);
        location.reload();
        return;
      }
      this.dirty.delete(code);
      this.drop(code);
      this.say([code], "saved", word(this.form, "saved-version", { time: clockTime(two.at ?? new Date(), this.form.dataset.zone), version: figure(two.version) }));
      return;
    }
    if (choice === "both" && single) {
      single.value = single.value.trimEnd() + "\n\n" + two.theirs;
      single.dispatchEvent(new CustomEvent("recount"));
    }
    this.mark(code);
    this.remember(code);
    this.soon(0);
  }

  // Puts the other version into the controls where its shape allows it.
  take(wrap, theirs, single) {
    if (theirs && typeof theirs === "object" && !Array.isArray(theirs)) {
      const pairs = Object.entries(theirs).flatMap(([name, value]) => [value].flat().map((one) => [name, String(one)]));
      return this.fill(wrap, pairs).length === 0;
    }
    if (single) {
      single.value = theirs;
      single.dispatchEvent(new CustomEvent("recount"));
      return true;
    }
    const names = new Set(this.controls(wrap).map((control) => control.name));
    if (names.size !== 1) return false;
    const [name] = names;
    return this.fill(wrap, [theirs].flat().map((value) => [name, String(value)])).length === 0;
  }

  // ---------- words ----------

  say(codes, state, sentence, link) {
    const lines = new Set();
    for (const code of codes) {
      const own = this.wrap(code)?.querySelector("[data-state-line]");
      const general = [...this.form.querySelectorAll("[data-state-line]")].find((line) => !line.closest(WRAP));
      if (own ?? general) lines.add(own ?? general);
    }
    for (const line of lines) tell(line, state, sentence, link);
  }
}

for (const form of document.querySelectorAll("form[data-autosave]")) form.autosave = new Autosave(form);
