// Refreshes "12 days 4 hours left" twice a minute. The server wrote the sentence; without this file it simply stays.
// Words come from the page's own language, the clock from the server, never from the visitor's clock.
const places = [...document.querySelectorAll("[data-countdown]")];
const lang = document.documentElement.lang;
const locale = lang === "ar" ? "ar-u-nu-arab" : lang;

async function serverClock() {
  const began = Date.now();
  const reply = await fetch("/healthz", { method: "HEAD", cache: "no-store", credentials: "omit" }).catch(() => null);
  const told = Date.parse(reply?.headers.get("Date") ?? "");
  if (!Number.isNaN(told)) return told - (began + Date.now()) / 2;
  const written = Date.parse(places.find((place) => place.dataset.now)?.dataset.now ?? "");
  return Number.isNaN(written) ? null : written - began;
}

const unit = (n, name) => new Intl.NumberFormat(locale, { style: "unit", unit: name, unitDisplay: "long" }).format(n);

function tell(place, ahead) {
  const minutes = Math.floor((Date.parse(place.dataset.countdown) - Date.now() - ahead) / 60000);
  if (Number.isNaN(minutes) || minutes < 0 || minutes > 60 * 24 * 90) return; // the page itself says what happens then
  const [days, hours, rest] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24, minutes % 60];
  const parts = days ? [unit(days, "day"), unit(hours, "hour")] : [unit(hours, "hour"), unit(rest, "minute")];
  const joined = new Intl.ListFormat(locale, { style: "narrow", type: "unit" }).format(parts);
  const sentence = (place.dataset.frame ?? "{}").replace("{}", joined);
  if (place.textContent !== sentence) place.textContent = sentence;
}

if (places.length) {
  const ahead = await serverClock();
  if (ahead !== null) {
    const all = () => places.forEach((place) => tell(place, ahead));
    all();
    setInterval(all, 30000);
    addEventListener("pageshow", all);
  }
}

// Nobody is signed in: the browser adds its own zone to the zones of a deadline, unless it stands there already.
for (const place of document.querySelectorAll("[data-your-time]")) {
  const instant = new Date(place.dataset.yourTime);
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const told = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const time = (timeZone) => new Intl.DateTimeFormat(locale === "fr" ? "en-GB" : locale, { ...told, timeZone }).format(instant);
  const near = [...place.parentElement.querySelectorAll("b")].map((each) => each.textContent.replace(" h ", ":"));
  if (Number.isNaN(instant.getTime()) || !zone || near.slice(0, 1).includes(time(zone)) || zone === "UTC") continue;
  const city = zone.split("/").pop().replaceAll("_", " ");
  place.querySelector("dt").textContent = (place.dataset.frame ?? "{}").replace("{}", city);
  place.querySelector("b").textContent = lang === "fr" ? time(zone).replace(":", " h ") : time(zone);
  const day = { weekday: "short", day: "numeric", month: "short", year: "numeric" };
  const written = new Intl.DateTimeFormat(lang === "en" ? "en-GB" : locale, { ...day, timeZone: zone }).format(instant);
  place.querySelector("time").lastChild.textContent = " " + (lang === "en" ? written.replace(",", "") : written);
  place.hidden = false;
}
