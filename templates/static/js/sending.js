// One file on its way to the store: parts with links that end soon, tried again until they are there.
// What the server says is held is what counts; a lost line, a reload or a second window lose nothing.
const SOONEST = 1000; // ms before the first new try
const MOST_TRIES = 8;
const STALLED = 45_000; // ms without a byte
const AHEAD = 8; // links asked for in advance
const WINDOW = 5000; // ms over which the speed is measured

export const wait = (ms) => new Promise((done) => setTimeout(done, ms));

const backOnline = () =>
  navigator.onLine ? Promise.resolve() : new Promise((done) => addEventListener("online", done, { once: true }));

export class Refused extends Error {
  constructor(sentence, status, facts = {}) {
    super(sentence);
    Object.assign(this, { status, facts });
  }
}

class Cut extends Error {}

let worker = null;
const asked = new Map();

export function sha256(piece) {
  if (!worker) {
    worker = new Worker(new URL("./hashing.js", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data }) => {
      const { good, bad } = asked.get(data.id);
      asked.delete(data.id);
      data.fault ? bad(new Error(data.fault)) : good(data.sha256);
    });
  }
  const id = crypto.randomUUID();
  return new Promise((good, bad) => {
    asked.set(id, { good, bad });
    worker.postMessage({ id, piece });
  });
}

const bytesOf = (hex) => Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));

// The server's words for programs: JSON both ways; refusals become Refused, a lost line Cut.
export async function ask(method, path, csrf, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: { "x-csrftoken": csrf, accept: "application/json", ...(body ? { "content-type": "application/json" } : {}) },
      body: body && JSON.stringify(body),
    });
  } catch {
    throw new Cut();
  }
  if (answer.status === 204) return null;
  const said = await answer.json().catch(() => ({}));
  if (answer.ok) return said;
  if (answer.status >= 500 && answer.status !== 507 || answer.status === 429) throw new Cut();
  throw new Refused(said.detail ?? "", answer.status, said);
}

export class Sending {
  // `tell(event, values)` hears: preparing, progress, waiting, offline, checking, done, refused.
  constructor(file, path, csrf, tell) {
    Object.assign(this, { file, path, csrf, tell });
    this.digests = [];
    this.links = new Map();
    this.sent = new Map(); // n -> bytes of it that are on their way or there
    this.running = new Set();
    this.isPaused = false;
    this.isOver = false;
    this.measured = [];
  }

  get share() {
    return this.file.size ? this.bytes / this.file.size : 1;
  }

  get bytes() {
    let sum = 0;
    for (const count of this.sent.values()) sum += count;
    return sum;
  }

  sizeOf(n) {
    return Math.min(this.upload.partSize, this.file.size - (n - 1) * this.upload.partSize);
  }

  piece(n) {
    const from = (n - 1) * this.upload.partSize;
    return this.file.slice(from, from + this.sizeOf(n));
  }

  // Tries until it works, waits for the line, or gives up after eight tries: then a person goes on.
  async stubbornly(work) {
    for (let tries = 0; ; ) {
      if (this.isPaused || this.isOver) throw new Cut();
      if (!navigator.onLine) {
        this.tell("offline");
        await backOnline();
      }
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof Cut) || this.isPaused || this.isOver) throw error;
        if (!navigator.onLine) continue; // no try is used up while there is no line
        if (++tries >= MOST_TRIES) throw error;
        this.tell("waiting");
        await wait(Math.min(16, 2 ** (tries - 1)) * SOONEST * (0.75 + Math.random() / 2));
      }
    }
  }

  // Runs to the end, or to a pause. Whatever stops it, `run` goes on from there.
  async run(upload) {
    this.upload = upload;
    this.isPaused = false;
    if (!navigator.locks) return this.all();
    return navigator.locks.request(`upload:${upload.id}`, { ifAvailable: true }, (lock) => {
      if (lock) return this.all();
      this.tell("elsewhere");
    });
  }

  async all() {
    try {
      this.upload = await this.stubbornly(() => ask("GET", `${this.path}/${this.upload.id}`, this.csrf));
      if (!["uploading", "completing"].includes(this.upload.state)) return this.tell("done", this.upload);
      this.sent = new Map(this.upload.held.map((part) => [part.n, part.size]));
      await this.parts();
      let done;
      for (let turn = 0; ; turn++) {
        this.tell("checking");
        try {
          done = await this.stubbornly(() => this.complete());
          break;
        } catch (error) {
          if (!(error instanceof Refused) || !error.facts.missing || turn === 3) throw error;
          for (const n of error.facts.missing) this.sent.delete(n);
          await this.parts();
        }
      }
      this.isOver = true;
      this.tell("done", done);
    } catch (error) {
      if (this.isOver) return;
      if (error instanceof Refused) this.tell("refused", { sentence: error.message, status: error.status });
      else if (error instanceof Cut) this.tell(this.isPaused ? "paused" : "stopped");
      else this.tell("unreadable");
    }
  }

  async complete() {
    const all = new Uint8Array(this.digests.length * 32);
    this.digests.forEach((digest, at) => all.set(bytesOf(digest), at * 32));
    const sha256Tree = await sha256(new Blob([all]));
    return ask("POST", `${this.path}/${this.upload.id}/completion`, this.csrf, { sha256Tree });
  }

  // Hashes every part in order, as the whole is proved by all of them, and sends those that are not held.
  async parts() {
    const queue = [];
    let hashed = false;
    let fault = null;
    const missing = Array.from({ length: this.upload.partCount }, (_, at) => at + 1).filter((n) => !this.sent.has(n));
    const wakers = [];
    const wake = () => wakers.splice(0).forEach((done) => done());
    const hashing = (async () => {
      for (let n = 1; n <= this.upload.partCount; n++) {
        this.digests[n - 1] ??= await sha256(this.piece(n));
        if (this.isPaused || this.isOver || fault) break;
        if (missing.includes(n)) queue.push(n);
        wake();
      }
    })()
      .catch((error) => (fault = error))
      .finally(() => ((hashed = true), wake()));
    const sender = async () => {
      for (;;) {
        if (fault) throw fault;
        if (this.isPaused || this.isOver) throw new Cut();
        const n = queue.shift();
        if (n) {
          try {
            await this.stubbornly(() => this.part(n, queue));
          } catch (error) {
            fault ??= error;
            this.stop();
            throw error;
          }
        } else if (hashed) return;
        else await new Promise((done) => wakers.push(done));
      }
    };
    const ended = await Promise.allSettled([hashing, ...Array.from({ length: this.upload.maxParallel }, sender)]);
    if (fault) throw fault;
    const bad = ended.find((one) => one.status === "rejected");
    if (bad) throw bad.reason;
  }

  async link(n, queue) {
    if (!this.links.has(n)) {
      const wanted = [n, ...queue].slice(0, AHEAD).filter((each) => !this.links.has(each));
      const parts = wanted.map((each) => ({ n: each, size: this.sizeOf(each), sha256: this.digests[each - 1] }));
      const { urls } = await ask("POST", `${this.path}/${this.upload.id}/parts`, this.csrf, { parts });
      for (const url of urls) this.links.set(url.n, url);
    }
    const link = this.links.get(n);
    this.links.delete(n);
    return link;
  }

  async part(n, queue, isSecond = false) {
    const link = await this.link(n, queue);
    const status = await this.put(n, link);
    if (status >= 200 && status < 300) return;
    this.sent.delete(n);
    if (status === 403 && !isSecond) return this.part(n, queue, true); // the link has ended: a new one, once
    throw new Cut();
  }

  put(n, link) {
    return new Promise((done, cut) => {
      const request = new XMLHttpRequest();
      let stalled = setTimeout(() => request.abort(), STALLED);
      const ended = (how, value) => {
        clearTimeout(stalled);
        this.running.delete(request);
        how(value);
      };
      const lost = () => {
        this.sent.delete(n);
        ended(cut, new Cut());
      };
      request.upload.addEventListener("progress", (event) => {
        clearTimeout(stalled);
        stalled = setTimeout(() => request.abort(), STALLED);
        this.sent.set(n, event.loaded);
        this.moved();
      });
      request.addEventListener("load", () => {
        if (request.status >= 200 && request.status < 300) this.sent.set(n, this.sizeOf(n));
        this.moved();
        ended(done, request.status);
      });
      request.addEventListener("error", lost);
      request.addEventListener("abort", lost);
      request.open("PUT", link.url);
      for (const [name, value] of Object.entries(link.headers)) request.setRequestHeader(name, value);
      this.running.add(request);
      request.send(this.piece(n));
    });
  }

  moved() {
    const now = performance.now();
    this.measured.push([now, this.bytes]);
    while (this.measured.length > 2 && now - this.measured[0][0] > WINDOW) this.measured.shift();
    const [[since, from]] = this.measured;
    const speed = now > since ? (1000 * (this.bytes - from)) / (now - since) : 0; // bytes a second
    this.tell("progress", { share: this.share, speed, left: speed > 0 ? (this.file.size - this.bytes) / speed : null });
  }

  stop() {
    for (const request of this.running) request.abort();
  }

  pause() {
    this.isPaused = true;
    this.measured = [];
    this.stop();
  }

  async cancel() {
    this.isOver = true;
    this.stop();
    await ask("DELETE", `${this.path}/${this.upload.id}`, this.csrf).catch(() => {});
  }
}
