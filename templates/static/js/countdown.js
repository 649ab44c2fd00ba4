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
