"""Takes pictures of pages of a running site: each page in each language, on a phone and on a desktop.

scripts/screenshots /calls /verify
scripts/screenshots --sign-in ADDRESS --names queue,score /reviews /reviews/ID
scripts/screenshots --email anna@example.org --password WORDS --dark /desk

ADDRESS is a sign-in address as `scripts/demo` prints it; its one button is pressed. A page is named after its
address unless --names says otherwise; the pictures are var/screens/NAME-LANGUAGE-WIDTH.png. What the console
of the browser complains about, and a page wider than its screen, is printed.
"""

import argparse
import re
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CALM = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def arguments() -> argparse.Namespace:
    lines = (__doc__ or "").splitlines()
    parser = argparse.ArgumentParser(
        prog="scripts/screenshots",
        description=lines[0],
        epilog="\n".join(lines[2:]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("paths", nargs="+", help="paths of pages, beginning with /")
    parser.add_argument("--site", default="http://127.0.0.1:8000", help="default: %(default)s")
    parser.add_argument("--out", type=Path, default=Path("var/screens"), help="default: %(default)s")
    parser.add_argument("--languages", default="en,ar", help="default: %(default)s")
    parser.add_argument("--widths", default="390,1280", help="default: %(default)s")
    parser.add_argument("--names", default="", help="names of the pictures, in the order of the paths")
    parser.add_argument("--language-query", default="lang", help="the query parameter that sets the language")
    parser.add_argument("--sign-in", help="a sign-in address")
    parser.add_argument("--email")
    parser.add_argument("--password")
    parser.add_argument("--dark", action="store_true", help="the dark page")
    parser.add_argument("--no-script", action="store_true", help="without JavaScript")
    parser.add_argument("--screen-only", action="store_true", help="one screen instead of the whole page")
    return parser.parse_args()


def name_of(path: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-") or "home"


def sign_in(page: Page, args: argparse.Namespace) -> None:
    if args.sign_in:
        page.goto(args.sign_in)
        page.locator("main form button").first.click()
    elif args.email:
        page.goto(f"{args.site}/sign-in")
        page.fill("input[name=email]", args.email)
        page.fill("input[name=password]", args.password or "")
        page.locator("form:has(input[name=password]) button").first.click()
    page.wait_for_load_state()


def with_language(path: str, language: str, query: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}{query}={language}" if query else path


def take(browser: Browser, args: argparse.Namespace, state: str | None) -> int:
    complaints = 0
    names = args.names.split(",") if args.names else [name_of(path) for path in args.paths]
    for language in args.languages.split(","):
        for width in map(int, args.widths.split(",")):
            context = browser.new_context(
                viewport={"width": width, "height": 844 if width < 600 else 900},
                device_scale_factor=2 if width < 600 else 1,
                locale=language,
                color_scheme="dark" if args.dark else "light",
                java_script_enabled=not args.no_script,
                reduced_motion="reduce",
                storage_state=state,
            )
            page = context.new_page()
            heard: list[str] = []

            def listen(message: ConsoleMessage, heard: list[str] = heard) -> None:
                if message.type in ("error", "warning"):
                    heard.append(message.text)

            page.on("console", listen)
            for name, path in zip(names, args.paths, strict=True):
                heard.clear()
                answer = page.goto(args.site + with_language(path, language, args.language_query))
                if not args.no_script:
                    page.evaluate("document.fonts.ready.then(() => true)")
                    if too_wide := page.evaluate(TOO_WIDE):
                        heard.append(f"{too_wide} px wider than the screen")
                file = args.out / f"{name}-{language}-{width}{'-dark' if args.dark else ''}.png"
                page.screenshot(path=file, full_page=not args.screen_only)
                print(answer.status if answer else "---", file, *(f"\n    {line}" for line in heard))
                complaints += len(heard)
            context.close()
    return complaints


def main() -> int:
    args = arguments()
    chromium = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if chromium is None:
        print("No browser was found (Debian's package: chromium).", file=sys.stderr)
        return 1
    args.out.mkdir(parents=True, exist_ok=True)
    state = None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(CALM))
        if args.sign_in or args.email:
            state = str(args.out / "session.json")
            context = browser.new_context()
            sign_in(context.new_page(), args)
            context.storage_state(path=state)
            context.close()
        complaints = take(browser, args, state)
        browser.close()
    if state:
        Path(state).unlink()
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
